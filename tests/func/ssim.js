// How alike two pictures are: the mean structural similarity of their lightness, over windows of 8 x 8 pixels, 4 apart
// (Wang et al. 2004, without the Gaussian window). 1: the same.
'use strict';

const sharp = require('sharp');

const WINDOW = 8;
const STEP = 4;
const C1 = (0.01 * 255) ** 2;
const C2 = (0.03 * 255) ** 2;

/** Lightness of a picture over white, as rows of numbers. */
async function lightness(bytes, options) {
  const { data, info } = await sharp(bytes, options).flatten({ background: '#fff' }).toColourspace('b-w').raw().toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: info.height, step: info.channels };
}

function window(a, b, x, y) {
  let [sumA, sumB, squaresA, squaresB, products] = [0, 0, 0, 0, 0];
  for (let j = y; j < y + WINDOW; j++)
    for (let i = x; i < x + WINDOW; i++) {
      const p = a.data[(j * a.width + i) * a.step];
      const q = b.data[(j * b.width + i) * b.step];
      sumA += p;
      sumB += q;
      squaresA += p * p;
      squaresB += q * q;
      products += p * q;
    }
  const n = WINDOW * WINDOW;
  const [meanA, meanB] = [sumA / n, sumB / n];
  const varianceA = squaresA / n - meanA * meanA;
  const varianceB = squaresB / n - meanB * meanB;
  const covariance = products / n - meanA * meanB;
  return ((2 * meanA * meanB + C1) * (2 * covariance + C2)) / ((meanA ** 2 + meanB ** 2 + C1) * (varianceA + varianceB + C2));
}

/** Of two encoded pictures of the same size; NaN if the sizes differ. `page`: of an animation. */
async function ssim(first, second, page = 0) {
  const [a, b] = await Promise.all([first, second].map((bytes) => lightness(bytes, { page })));
  if (a.width !== b.width || a.height !== b.height) return NaN;
  let sum = 0;
  let n = 0;
  for (let y = 0; y + WINDOW <= a.height; y += STEP)
    for (let x = 0; x + WINDOW <= a.width; x += STEP) {
      sum += window(a, b, x, y);
      n += 1;
    }
  return sum / n;
}

module.exports = { ssim };
