import { connect } from '@stubdom/dom0-agent'
import { encodeJson, Layout } from '@stubdom/protocol'
import { isErrno } from '@stubdom/xenstore'
import { expect, onTestFinished, test } from 'vitest'
import { Deaf } from './deaf.ts'
import type { Asked, Liar } from './liar.ts'
import { onEachScene, outcomeOf, unprintable } from './scene.ts'

const TIMES = { timeoutMs: 1_000, graceMs: 500 }

/** Seconds of each flood; `STUBDOM_FLOOD_SECONDS=300` floods for minutes. */
const FLOOD_MS = Number(process.env['STUBDOM_FLOOD_SECONDS'] ?? 1) * 1_000

/** Writes that a flood has under way: below the 20 at which C xenstored lets a domain wait. */
const WINDOW = 16

const done = ({ digest }: Asked): string => encodeJson({ v: 1, state: 'done', digest, result: {} })

/** Writes as fast as it can for a while; resolves with how often. */
async function flood(liar: Liar, path: (n: number) => string): Promise<number> {
  const end = performance.now() + FLOOD_MS
  let count = 0
  const lane = async (): Promise<void> => {
    while (performance.now() < end) {
      count++
      await liar.try(path(count), `{"n":${count}}`)
    }
  }
  await Promise.all(Array.from({ length: WINDOW }, lane))
  return count
}

onEachScene('a stubdomain that floods', (scene, daemon) => {
  test.each<[name: string, path: (id: string, n: number) => string]>([
    ['the answer that is waited for', id => Layout.response('ping', id)],
    ['its hello', () => Layout.hello],
    ['a place that may concern every command', () => `${Layout.responses}/x`],
    ['answers of others', (_id, n) => Layout.response('pci-list', `00000000-${(n % 50).toString(36)}`)],
  ])(
    '%s',
    async (_name, path) => {
      const liar = await scene().liar()
      await Promise.all([
        scene()
          .session(liar)
          .then(stubdomain => outcomeOf(stubdomain.ready())),
        liar.greet(),
      ])
      const stubdomain = await scene().session(liar)
      // Some commands wait all the time, so that dom0 listens.
      const waiting = Array.from({ length: 10 }, () =>
        stubdomain.ping({ timeoutMs: FLOOD_MS + 1_000, graceMs: 500, force: true }),
      )
      const flooding = flood(liar, n => path(waiting[0]?.id ?? '', n))
      const over = new AbortController()
      void flooding.then(() => over.abort())
      let served = 0
      for (; !over.signal.aborted; served++) await scene().othersAreServed()
      expect(await flooding).toBeGreaterThan(100)
      expect(served).toBeGreaterThan(1)
      for (const { result } of waiting) expect(await outcomeOf(result)).toHaveProperty('code')
      await scene().othersAreServed()
    },
    30_000 + 2 * FLOOD_MS,
  )

  test('what dom0 listens to is called by its name', async () => {
    const liar = await scene().liar()
    void liar.greet()
    const stubdomain = await scene().session(liar)
    const ping = stubdomain.ping({ timeoutMs: 5_000 })
    liar.onRequest(async asked => {
      for (let n = 0; scene().reasons(liar.pair).length === 0; n++)
        await liar.answer(asked, encodeJson({ v: 1, state: 'running', digest: asked.digest, stage: `${n}` }))
      await liar.answer(asked, done(asked))
    })
    // The command itself ends well.
    await expect(ping.result).resolves.toEqual({})
    expect(scene().reasons(liar.pair)).toEqual(['it changes its nodes more than 500 times a second'])
  })

  test('fills its directories up to its quota, with the longest names: dom0 reads what it asked for and lists nothing', async () => {
    const liar = await scene().liar()
    liar.onRequest(asked => liar.answer(asked, done(asked)))
    void liar.greet()
    const stubdomain = await scene().session(liar)
    await stubdomain.ping(TIMES).result
    const name = (n: number): string => `${n}-`.padEnd(900, 'x')
    let made = 0
    // C xenstored takes two such names for each directory, oxenstored all that the quota gives.
    try {
      for (let n = 0; n < 990; n++, made++) await liar.say(`${Layout.responsesOf('ping')}/${name(n)}`, 'x')
    } catch (error) {
      if (!isErrno(error, 'ENOSPC', 'EQUOTA', 'E2BIG')) throw error
      await liar.remove(`${Layout.responsesOf('ping')}/${name(made - 1)}`)
    }
    expect(made).toBeGreaterThanOrEqual(daemon === 'ocaml' ? 900 : 2)
    const answers = await Promise.all(Array.from({ length: 20 }, () => outcomeOf(stubdomain.ping(TIMES).result)))
    expect(answers.filter(one => !('done' in one || 'code' in one))).toEqual([])

    const shown = await scene().cli('ls', liar.pair.name)
    expect(unprintable(shown.stdout, shown.stderr)).toEqual([])
    expect(shown).toMatchObject({ ok: true, exitCode: 0 })
    expect(shown.stdout.length).toBeLessThan(300_000)
    const directory = expect.objectContaining({ path: Layout.responsesOf('ping'), state: 'unreadable' })
    const why = expect.stringMatching(/1 of its nodes cannot be read/)
    const { nodes, misbehaves } = shown
    // Where the quota lets so many stand.
    const tooMany = { nodes: expect.arrayContaining([directory]), misbehaves: [expect.objectContaining({ why })] }
    const expected = daemon === 'ocaml' ? tooMany : { nodes, misbehaves }
    expect({ nodes, misbehaves }).toEqual(expected)
    await scene().othersAreServed()
  }, 60_000)

  test('uses up all its nodes with small ones', async () => {
    const liar = await scene().liar()
    void liar.greet()
    const stubdomain = await scene().session(liar)
    await outcomeOf(stubdomain.ping({ timeoutMs: 200, graceMs: 100 }).result)
    for (let n = 0; n < 1_100; n++) {
      if (!(await liar.try(`${Layout.stubdom}/${(n % 30).toString(36)}/${n.toString(36)}`, ''))) break
    }
    expect(await outcomeOf(stubdomain.ping({ timeoutMs: 200, graceMs: 100 }).result)).toMatchObject({
      code: 'deadline',
    })
    const shown = await scene().cli('ls', liar.pair.name)
    expect(shown).toMatchObject({ ok: true, exitCode: 0 })
    await scene().othersAreServed()
  }, 60_000)

  test('watches everything and reads nothing: its commands end, and it is left alone', async () => {
    const pair = await scene().pair()
    const dom0 = await connect({ xenstore: scene().xenstored.socketPath, greetingMs: 5_000 })
    onTestFinished(() => dom0.close())
    const stubdomain = await dom0.stubdomain(pair.name)
    const deaf = await Deaf.connect(scene().xenstored.domainSocketPath(pair.stubdomain))
    deaf.watch('dm-control')
    const hello = { v: [1, 1], epoch: 'deaf00000001', agent: '0', target: pair.guest, commands: ['ping'], window: 32 }
    const rest = { messageBytes: 1, channels: [], deviceModel: { version: '7', driver: 'edu' } }
    const ready = stubdomain.ready()
    await scene().appears(`/local/domain/${pair.stubdomain}/dm-control/${Layout.stubdom}`)
    deaf.write(`dm-control/${Layout.hello}`, encodeJson({ ...hello, ...rest }))
    await outcomeOf(ready)

    // More than the room for a command; after three in a row without a sign nothing more is written.
    const refusals = new Set<unknown>()
    for (let round = 0; round < 4; round++) {
      const pings = Array.from({ length: 100 }, () => stubdomain.ping({ timeoutMs: 300, graceMs: 100 }))
      for (const { result } of pings) refusals.add(((await outcomeOf(result)) as { code?: string }).code)
      await scene().othersAreServed()
    }
    expect([...refusals]).toEqual(expect.arrayContaining(['deadline', 'busy', 'unresponsive']))
    // The session that wrote to it serves the other one, too.
    await expect((await dom0.stubdomain('good')).ping().result).resolves.toEqual({})
  }, 60_000)
})
