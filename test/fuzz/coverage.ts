import { Session } from 'node:inspector/promises'
import { parentPort, workerData } from 'node:worker_threads'
import type { TargetReport } from './run.ts'

/** How much of the code under test the kept inputs reach, as V8 counts blocks. */
export interface Coverage {
  readonly file: string
  readonly blocks: number
  readonly reached: number
}

interface Profile {
  readonly result: readonly {
    readonly url: string
    readonly functions: readonly { readonly ranges: readonly { readonly count: number }[] }[]
  }[]
}

/** Of these files, since all their code is there to read what strangers wrote. */
const UNDER_TEST =
  /packages\/(?:protocol\/src\/(?:console-mark|codec\/(?:decode|issue|parts|text)|messages\/[a-z-]+|requester\/[a-z]+)|xenstore\/src\/(?:wire\/codec|acl|client\/(?:connection|requests|data|directory|watches))|qmp\/src\/(?:line-splitter|messages))\.ts$/

/** In a thread of its own: blocks are only counted in code that is loaded after the counting began. */
async function measure(reports: readonly TargetReport[]): Promise<Coverage[]> {
  const session = new Session()
  session.connect()
  await session.post('Profiler.enable')
  await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true })
  const { targetsNamed } = await import('./targets/index.ts')
  const { problemWith } = await import('./minimise.ts')
  const loaded = new Map(
    filesIn(await session.post('Profiler.getBestEffortCoverage')).map(one => [one.file, one.reached]),
  )
  for (const { target: name, corpus } of reports) {
    const [target] = targetsNamed(name) ?? []
    for (const input of corpus) if (target) await problemWith(target, input)
  }
  const files = filesIn(await session.post('Profiler.takePreciseCoverage'))
  session.disconnect()
  // What was only loaded is not what was tried.
  return files.filter(({ file, reached }) => reached > (loaded.get(file) ?? 0))
}

function filesIn(profile: unknown): Coverage[] {
  return (profile as Profile).result
    .filter(({ url }) => UNDER_TEST.test(url))
    .map(({ url, functions }) => {
      const ranges = functions.flatMap(one => one.ranges)
      const file = url.slice(url.indexOf('packages/'))
      return { file, blocks: ranges.length, reached: ranges.filter(({ count }) => count > 0).length }
    })
    .toSorted((a, b) => (a.file < b.file ? -1 : 1))
}

// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's port has no origin
parentPort?.postMessage(await measure(workerData as readonly TargetReport[]))
