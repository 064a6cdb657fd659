import { MisbehavingError } from '@stubdom/dom0-agent'
import { describe, expect, test } from 'vitest'
import { HELLOS, LIES } from './lies.ts'
import { answerOf, expectPrintable, onEachScene, outcomeOf } from './scene.ts'

const TIMES = { timeoutMs: 1_000, graceMs: 500 }

onEachScene('a stubdomain that lies', (scene, daemon) => {
  test.each(LIES)('in its answer: $name', async ({ tell, why }) => {
    const liar = await scene().liar()
    liar.onRequest(asked => tell(liar, asked))
    const greeted = liar.greet()
    const stubdomain = await scene().session(liar)
    const outcome = await outcomeOf(stubdomain.ping(TIMES).result)
    await greeted
    if (why) {
      expect(outcome).toBeInstanceOf(MisbehavingError)
      const { message, outcome: left } = outcome as MisbehavingError
      expect(message).toMatch(`stubdomain ${liar.pair.stubdomain} misbehaves: `)
      expect(message).toMatch(why)
      expect(left).toBe('unknown')
      expect(scene().reasons(liar.pair)).toContainEqual(expect.stringMatching(why))
    } else expect(outcome).not.toBeInstanceOf(MisbehavingError)

    const said = await scene().cli('--timeout', '1', 'ping', '-c', '1', liar.pair.name)
    expectPrintable(said.stdout, said.stderr)
    if (why) {
      const error = { code: 'misbehaving', outcome: 'unknown', misbehaves: expect.stringMatching(why) }
      expect(said).toMatchObject({ exitCode: 6, ok: false, error })
      expect(said.misbehaves).toEqual([{ stubdomain: liar.pair.stubdomain, why: error.misbehaves }])
    } else expect(said).not.toHaveProperty('error.code', 'internal')
    await scene().othersAreServed()
  })

  test.each(HELLOS)('in its hello: %s', async (_name, hello, why) => {
    const liar = await scene().liar()
    const stubdomain = await scene().session(liar)
    const [outcome] = await Promise.all([outcomeOf(stubdomain.ping(TIMES).result), liar.greet(hello(liar))])
    expect(outcome).toMatchObject({ code: 'misbehaving', outcome: 'not-done', why: expect.stringMatching(why) })

    const said = await scene().cli('ping', liar.pair.name)
    expectPrintable(said.stdout, said.stderr)
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
    test('nothing that a terminal would act on, and a documented exit code', async () => {
      const liars = await Promise.all(LIES.map(() => scene().liar()))
      for (const [index, lie] of LIES.entries()) {
        const liar = liars[index] as (typeof liars)[number]
        liar.onRequest(asked => lie.tell(liar, asked))
        void liar.greet()
        const command = ['--timeout', '1', 'ping', '-c', '1', liar.pair.name]
        const { exitCode, stdout, stderr } = await scene().start(...command).finished
        expectPrintable(stdout, stderr)
        expect([lie.name, exitCode]).toEqual([lie.name, lie.why ? 6 : expect.toBeOneOf([0, 1, 3])])
        if (lie.why)
          expect(stderr).toMatch(
            `stubdomctl: ping ${liar.pair.name}: outcome unknown: stubdomain ${liar.pair.stubdomain} misbehaves: `,
          )
      }
      await scene().othersAreServed()
    }, 120_000)

    test('as one JSON document', async () => {
      const liar = await scene().liar()
      liar.onRequest(asked => liar.answer(asked, '\u001b[2J'))
      void liar.greet()
      const { finished } = scene().start('--json', '--timeout', '1', 'ping', '-c', '1', liar.pair.name)
      const run = await finished
      expectPrintable(run.stdout, run.stderr)
      expect(answerOf(run)).toMatchObject({ exitCode: 6, error: { code: 'misbehaving' } })
    })
  })
})
