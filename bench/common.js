// What the benchmarks share: the server of the functional tests, medians, memory of processes, a table at the end.
'use strict';

const fs = require('node:fs');
const { Server } = require('../tests/func/harness');

const median = (list) => quantile(list, 0.5);

function quantile(list, q) {
  const sorted = [...list].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))];
}

/** Anonymous resident memory of a process in MB. */
function rssAnon(pid) {
  const m = /^RssAnon:\s+(\d+) kB/m.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'));
  return m ? Math.round(Number(m[1]) / 102.4) / 10 : 0;
}

/** Watches the memory of a server and its workers; gives the highest figures seen. */
function watchMemory(server) {
  const peak = { server: 0, worker: 0 };
  const timer = setInterval(() => {
    try {
      peak.server = Math.max(peak.server, rssAnon(server.process.pid));
      for (const pid of server.workers()) peak.worker = Math.max(peak.worker, rssAnon(pid));
    } catch { /* a process has gone */ }
  }, 250);
  timer.unref();
  return { peak, stop: () => { clearInterval(timer); return peak; } };
}

/** CPU time that a process has used, in ms (in steps of 10). */
function cpuMs(pid) {
  const fields = fs.readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1].split(' ');
  return 10 * (Number(fields[11]) + Number(fields[12]));
}

const seconds = (begin) => Number(process.hrtime.bigint() - begin) / 1e9;

function row(what, figure, goal = '') {
  console.log(`${what.padEnd(52)} ${String(figure).padStart(14)}   ${goal}`);
}

async function withServer(options, run) {
  const server = new Server(options);
  try {
    await server.start();
    return await run(server);
  } finally {
    await server.remove();
  }
}

module.exports = { median, quantile, rssAnon, cpuMs, watchMemory, seconds, row, withServer };
