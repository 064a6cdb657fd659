import { describe, expect, test } from 'vitest'
import type { Liar } from './liar.ts'
import { CLAIMS, type Claim, HELLOS, LIES } from './lies.ts'
import { answerOf, onEachScene, outcomeOf, type Scene, unprintable } from './scene.ts'

const TIMES = { timeoutMs: 1_000, graceMs: 500 }

/** A liar that tells this to every ping. */
async function liarThatTells(scene: Scene, { tell }: Claim): Promise<Liar> {
  const liar = await scene.liar()
  liar.onRequest(asked => tell(liar, asked))
  void liar.greet()
  return liar
}

onEachScene('a stubdomain that lies', (scene, daemon) => {
  test.each(LIES)('in its answer: $name', async lie => {
    const liar = await liarThatTells(scene(), lie)
    const { stubdomain } = liar.pair
    const session = await scene().session(liar)
    const why = expect.stringMatching(lie.why)
    const outcome = await outcomeOf(session.ping(TIMES).result)
    expect(outcome).toMatchObject({
      name: 'MisbehavingError',
      code: 'misbehaving',
      outcome: 'unknown',
      stubdomain,
      why,
    })
    expect(outcome).toHaveProperty('message', expect.stringContaining(`stubdomain ${stubdomain} misbehaves: `))
    expect(scene().reasons(liar.pair)).toContainEqual(why)

    const said = await scene().cli('--timeout', '1', 'ping', '-c', '1', liar.pair.name)
    expect(unprintable(said.stdout, said.stderr)).toEqual([])
    const error = { code: 'misbehaving', outcome: 'unknown', misbehaves: why }
    expect(said).toMatchObject({ exitCode: 6, ok: false, error, misbehaves: [{ stubdomain, why }] })
    await scene().othersAreServed()
  })

  test.each(CLAIMS)('within the protocol: $name', async claim => {
    const liar = await liarThatTells(scene(), claim)
    const session = await scene().session(liar)
    expect(await outcomeOf(session.ping(TIMES).result)).not.toHaveProperty('code', 'misbehaving')
    const said = await scene().cli('--timeout', '1', 'ping', '-c', '1', liar.pair.name)
    expect(unprintable(said.stdout, said.stderr)).toEqual([])
    expect([0, 1, 3]).toContain(said.exitCode)
    expect(said).not.toHaveProperty('error.code', 'internal')
    await scene().othersAreServed()
  })

  test.each(HELLOS)('in its hello: %s', async (_name, hello, why) => {
    const liar = await scene().liar()
    const session = await scene().session(liar)
    const [outcome] = await Promise.all([outcomeOf(session.ping(TIMES).result), liar.greet(hello(liar))])
    expect(outcome).toMatchObject({ code: 'misbehaving', outcome: 'not-done', why: expect.stringMatching(why) })

    const said = await scene().cli('ping', liar.pair.name)
    expect(unprintable(said.stdout, said.stderr)).toEqual([])
    expect(said).toMatchObject({ exitCode: 6, error: { code: 'misbehaving', outcome: 'not-done' } })
    const listed = await scene().cli('list')
    const { name } = liar.pair
    expect(listed).toMatchObject({ ok: true, exitCode: 0 })
    expect(listed['stubdomains']).toContainEqual(expect.objectContaining({ name, state: 'misbehaving' }))
    expect(listed['stubdomains']).toContainEqual(expect.objectContaining({ name: 'good', state: 'ready' }))
    await scene().othersAreServed()
  })

  // Processes cost a second each, and what they print does not depend on the daemon.
  describe.runIf(daemon === 'c')('to the real program, which prints texts and a log', () => {
    /** What it printed for each, and how it ended. */
    async function told(claims: readonly Claim[]) {
      const runs = []
      for (const claim of claims) {
        const liar = await liarThatTells(scene(), claim)
        const command = ['--timeout', '1', 'ping', '-c', '1', liar.pair.name]
        const { exitCode, stdout, stderr } = await scene().start(...command).finished
        const says = `ping ${liar.pair.name}: outcome unknown: stubdomain ${liar.pair.stubdomain} misbehaves: `
        runs.push({ exitCode, unprintable: unprintable(stdout, stderr), saysSo: stderr.includes(says) })
      }
      return runs
    }

    test('lies: nothing that a terminal would act on, and always the same words', async () => {
      const expected = { exitCode: 6, unprintable: [], saysSo: true }
      expect(await told(LIES)).toEqual(LIES.map(() => expected))
      await scene().othersAreServed()
    }, 120_000)

    test('what is within the protocol', async () => {
      const expected = { exitCode: expect.toBeOneOf([0, 1, 3]), unprintable: [], saysSo: false }
      expect(await told(CLAIMS)).toEqual(CLAIMS.map(() => expected))
    }, 60_000)

    test('as one JSON document', async () => {
      const liar = await liarThatTells(scene(), { name: '', tell: (one, asked) => one.answer(asked, '\u001b[2J') })
      const run = await scene().start('--json', '--timeout', '1', 'ping', '-c', '1', liar.pair.name).finished
      expect(unprintable(run.stdout, run.stderr)).toEqual([])
      expect(answerOf(run)).toMatchObject({ exitCode: 6, error: { code: 'misbehaving' } })
    })
  })
})
