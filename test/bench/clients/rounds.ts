import { createInterface } from 'node:readline'

/** What native/rounds.h does in C: each line on stdin is a number of repetitions, each line on stdout what was measured. */
export async function serveRounds(measure: (count: number) => Promise<number>): Promise<void> {
  for await (const line of createInterface({ input: process.stdin })) console.log(await measure(Number(line)))
}

export function median(values: Float64Array): number {
  return values.toSorted()[values.length >> 1] ?? Number.NaN
}
