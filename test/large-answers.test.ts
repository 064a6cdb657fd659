import { connect, type Stubdomain, UsageError } from '@stubdom/dom0-agent'
import { encodeJson, MESSAGE_BYTES_MAX, PARTS_MAX } from '@stubdom/protocol'
import { createLogger, parseOptions, runAgent } from '@stubdom/stubdom-agent'
import { expect, onTestFinished, test, vi } from 'vitest'
import { onEachXenstore, type TestWorld } from './support/worlds.ts'

/** So many characters, of which no two stretches are alike. */
const { textOf } = vi.hoisted(() => ({
  textOf: (length: number) =>
    Array.from({ length: Math.ceil(length / 8) }, (_, index) => `${index}`.padStart(8, '.'))
      .join('')
      .slice(0, length),
}))

// No real command is large enough. Here pci-attach has a roomy schema, on both sides, and a handler that says as much as it is asked for; everything else is real.
vi.mock('../packages/protocol/src/commands/pci-attach.ts', async importOriginal => {
  const { roomyAttach } = await import('../packages/protocol/src/testing/roomy-attach.ts')
  return { ...(await importOriginal<object>()), pciAttach: roomyAttach }
})
vi.mock('../packages/stubdom-agent/src/commands/pci-attach.ts', () => ({
  pciAttach: {
    async run({ text = '', answerBytes = 0 }: RoomyArgs, task: { commit(): void }) {
      task.commit()
      return { text: answerBytes > 0 ? textOf(answerBytes) : `${text.length} ${text === textOf(text.length)}` }
    },
  },
}))

interface RoomyArgs {
  readonly text?: string
  readonly answerBytes?: number
}

/** What the text of an answer may have so that its JSON has exactly {@link MESSAGE_BYTES_MAX} bytes. */
const LARGEST_ANSWER =
  MESSAGE_BYTES_MAX - encodeJson({ v: 1, state: 'done', digest: 'd'.repeat(16), result: { text: '' } }).length

/** The agent in this process and dom0's library, each with its own connection. */
async function serve({ world }: TestWorld): Promise<Stubdomain> {
  const socket = world.domainSocket(world.domains.stubdomain)
  const options = parseOptions(['--qmp', world.qemu.qmpPath, '--xenstore', socket, '--driver', 'edu'])
  if (typeof options === 'string') throw new Error(options)
  const stop = new AbortController()
  const agent = runAgent(options, createLogger('silent'), stop.signal)
  onTestFinished(() => {
    stop.abort()
    return agent
  })
  const dom0 = await connect({ xenstore: world.dom0Socket })
  onTestFinished(() => dom0.close())
  const stubdomain = await dom0.stubdomain('hvm1')
  await stubdomain.ready()
  return stubdomain
}

async function say(stubdomain: Stubdomain, args: RoomyArgs, bdf = '0000:03:00.0'): Promise<string> {
  const { text } = (await stubdomain.pciAttach({ bdf, ...args } as never).result) as unknown as { text: string }
  return text
}

/** The values that nodes below `path` get, as far as watches show them. */
function changes({ world }: TestWorld, path: string): string[] {
  const paths: string[] = []
  const subscription = world.dom0.watch(`${world.controlDirectory}/${path}`).subscribe(changed => paths.push(changed))
  onTestFinished(() => subscription.unsubscribe())
  return paths
}

onEachXenstore('messages of the largest size', start => {
  test('three answers at once arrive intact, written one at a time by the stubdomain', async () => {
    const world = await start({ withoutAgent: true })
    const stubdomain = await serve(world)
    const seen = changes(world, 'stubdom/part')
    const bdfs = ['0000:03:00.0', '0000:04:00.0', '0000:05:00.0']
    const answers = await Promise.all(bdfs.map(bdf => say(stubdomain, { answerBytes: LARGEST_ANSWER }, bdf)))
    const wanted = textOf(LARGEST_ANSWER)
    expect(answers.map(answer => answer === wanted)).toEqual([true, true, true])

    await world.quiet()
    const written = seen.flatMap(path => /\/part\/([^/]+)\/[^/]+$/.exec(path)?.[1] ?? [])
    expect(written.length, 'parts seen').toBeGreaterThanOrEqual(3 * PARTS_MAX)
    expect(written.filter((id, index) => id !== written[index - 1])).toHaveLength(3)
  })

  test('one byte more is too large, and is not said to be undone', async () => {
    const world = await start({ withoutAgent: true })
    const stubdomain = await serve(world)
    await expect(say(stubdomain, { answerBytes: LARGEST_ANSWER + 1 })).rejects.toMatchObject({
      code: 'too-large',
      outcome: 'partly',
    })
    expect(await say(stubdomain, { answerBytes: LARGEST_ANSWER })).toHaveLength(LARGEST_ANSWER)
    await world.quiet()
  })

  test('a request arrives intact; one byte more is refused before anything is sent', async () => {
    const world = await start({ withoutAgent: true })
    const stubdomain = await serve(world)
    const args = { bdf: '0000:03:00.0', text: '' }
    const room = MESSAGE_BYTES_MAX - encodeJson({ v: 1, epoch: 'e'.repeat(12), deadlineMs: 30_000, args }).length
    expect(await say(stubdomain, { text: textOf(room) })).toBe(`${room} true`)
    await world.quiet()
    const seen = changes(world, 'dom0')
    await expect(say(stubdomain, { text: textOf(room + 1) })).rejects.toBeInstanceOf(UsageError)
    expect(await say(stubdomain, { text: textOf(1) })).toBe('1 true')
    expect(seen.filter(path => path.includes('/part/'))).toEqual([])
  })
})
