import { type Command, InvalidArgumentError } from 'commander'
import { CommandCancelledError } from '../../errors.ts'
import type { Act } from '../program.ts'

const COUNT_MAX = 100_000

export function registerPing(program: Command, act: Act): void {
  program
    .command('ping <domain>')
    .description('measure round trips to the agent; QEMU is not asked')
    .option('-c, --count <N>', 'how many, one after the other', count, 4)
    .action(
      act(async (context, domain: string, { count: wanted }: { count: number }) => {
        const stubdomain = await context.stubdomain(domain)
        const { name, stubdomainDomid } = stubdomain
        const { commandOptions } = context
        // An id stands for one command only. Otherwise the first round trip must not pay for the way there.
        const times: number[] = []
        if (commandOptions.id === undefined) await stubdomain.ready()
        const rounds = commandOptions.id === undefined ? wanted : 1
        while (times.length < rounds) {
          const begun = performance.now()
          try {
            await context.run(stubdomain.ping(commandOptions))
          } catch (error) {
            if (context.interrupted && error instanceof CommandCancelledError && times.length > 0) break
            throw error
          }
          const ms = performance.now() - begun
          times.push(ms)
          context.say(
            `answer from ${name} (stubdomain ${stubdomainDomid}): seq=${times.length} time=${ms.toFixed(2)} ms`,
          )
        }
        const stats = statistics(times)
        const { minMs, medianMs, p99Ms } = stats
        const text = `${times.length} of ${rounds} round trips\nmin/median/p99 = ${minMs}/${medianMs}/${p99Ms} ms`
        return { json: { count: times.length, ...stats }, text }
      }),
    )
}

/** Milliseconds with three decimals; the p-th percentile is the smallest time that p percent do not exceed. */
export function statistics(times: readonly number[]): { minMs: number; medianMs: number; p99Ms: number } {
  const sorted = times.toSorted((a, b) => a - b)
  const percentile = (p: number): number => {
    const value = sorted[Math.max(0, Math.ceil((p / 100) * sorted.length) - 1)] ?? 0
    return Math.round(value * 1_000) / 1_000
  }
  return { minMs: percentile(0), medianMs: percentile(50), p99Ms: percentile(99) }
}

function count(text: string): number {
  const value = Number(text)
  if (/^\d+$/.test(text) && value >= 1 && value <= COUNT_MAX) return value
  throw new InvalidArgumentError(`It must be 1 to ${COUNT_MAX}.`)
}
