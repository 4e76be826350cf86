/* Functions that do not compile in this project (force-included by the build). Each has a safe
 * replacement: text_parse_*(), g_strlcpy(), g_snprintf(), g_strdup_printf(), gmtime_r(). */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BANNED(f) sorry_##f##_is_a_banned_function

#undef strcpy
#define strcpy(x, y) BANNED (strcpy)
#undef strcat
#define strcat(x, y) BANNED (strcat)
#undef strncpy
#define strncpy(x, y, n) BANNED (strncpy)
#undef strncat
#define strncat(x, y, n) BANNED (strncat)
#undef strtok
#define strtok(x, y) BANNED (strtok)
#undef sprintf
#define sprintf(...) BANNED (sprintf)
#undef vsprintf
#define vsprintf(...) BANNED (vsprintf)
#undef sscanf
#define sscanf(...) BANNED (sscanf)
#undef atoi
#define atoi(x) BANNED (atoi)
#undef atol
#define atol(x) BANNED (atol)
#undef atoll
#define atoll(x) BANNED (atoll)
#undef atof
#define atof(x) BANNED (atof)
#undef strtol
#define strtol(x, y, z) BANNED (strtol)
#undef strtoul
#define strtoul(x, y, z) BANNED (strtoul)
#undef gmtime
#define gmtime(t) BANNED (gmtime)
#undef localtime
#define localtime(t) BANNED (localtime)
#undef ctime
#define ctime(t) BANNED (ctime)
#undef asctime
#define asctime(t) BANNED (asctime)
#undef system
#define system(x) BANNED (system)
#undef popen
#define popen(x, y) BANNED (popen)
#undef alloca
#define alloca(x) BANNED (alloca)
