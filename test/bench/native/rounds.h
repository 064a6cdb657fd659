/*
 * What all contestants have in common: each line on stdin is a number of repetitions, each line on stdout what was
 * measured. A contestant lives as long as its stdin, so that all rounds are run by the same, warm process.
 */
#ifndef ROUNDS_H
#define ROUNDS_H

#include <stdio.h>
#include <stdlib.h>

static inline void serve_rounds(double (*measure)(long count))
{
    char line[32];

    while (fgets(line, sizeof(line), stdin)) {
        printf("%f\n", measure(atol(line)));
        fflush(stdout);
    }
}

#endif
