import { MisbehavingError } from '@stubdom/dom0-agent'
import { encodeJson, Layout } from '@stubdom/protocol'
import { acl } from '@stubdom/xenstore'
import { expect, onTestFinished, test } from 'vitest'
import type { Asked, Liar } from './liar.ts'
import { onEachScene, outcomeOf, type Scene, unprintable } from './scene.ts'

const TIMES = { timeoutMs: 1_000, graceMs: 500 }

const done = ({ digest }: Asked): string => encodeJson({ v: 1, state: 'done', digest, result: {} })

/** A liar that answers as it should, so that commands go on while it does something else. */
async function honestLiar(scene: Scene): Promise<Liar> {
  const liar = await scene.liar()
  liar.onRequest(asked => liar.answer(asked, done(asked)))
  void liar.greet()
  const stubdomain = await scene.session(liar)
  await stubdomain.ping(TIMES).result
  return liar
}

/** How many commands are tried while something is done over and over. */
const TRIES = 5

/** What is wrong with the ends of commands, which must come by their deadlines, while others are served. Throws at an end that is no documented error. */
async function faults(scene: Scene, liar: Liar): Promise<readonly string[]> {
  const stubdomain = await scene.session(liar)
  const times = { timeoutMs: 200, graceMs: 300, force: true }
  for (let count = 0; count < TRIES; count++) {
    await Promise.all([outcomeOf(stubdomain.ping(times).result), outcomeOf(stubdomain.pciList(times).result)])
    await scene.othersAreServed()
  }
  const { exitCode, error, stdout, stderr } = await scene.cli('--timeout', '0.5', 'ping', '-c', '1', liar.pair.name)
  const undocumented =
    [0, 1, 3, 4, 6].includes(exitCode) && error?.code !== 'internal' ? [] : [`${exitCode} ${error?.code}`]
  return [...undocumented, ...unprintable(stdout, stderr)]
}

onEachScene('a hostile stubdomain', scene => {
  test('answers what nobody asked: other ids, other commands', async () => {
    const liar = await scene().liar()
    liar.onRequest(async asked => {
      for (let n = 0; n < 40; n++) {
        await liar.try(Layout.response('pci-list', `00000000-${n}`), done(asked))
        await liar.try(Layout.response('ping', `0mhx3ab0-${n.toString(36)}`), done(asked))
        await liar.try(Layout.response(`x${n}`, asked.id), '{}')
      }
      await liar.try(Layout.response('dm-stop', asked.id), done(asked))
      await liar.answer(asked, done(asked))
    })
    void liar.greet()
    const stubdomain = await scene().session(liar)
    await expect(stubdomain.ping(TIMES).result).resolves.toEqual({})
    expect(scene().reasons(liar.pair)).toEqual([])
    await scene().othersAreServed()
  })

  test('answers twice, and something else each time', async () => {
    const liar = await scene().liar()
    const failed = (digest: string) =>
      encodeJson({ v: 1, state: 'failed', digest, error: { code: 'busy', message: '', outcome: 'not-done' } })
    liar.onRequest(async asked => {
      for (let n = 0; n < 50; n++) {
        await liar.answer(asked, done(asked))
        await liar.answer(asked, failed(asked.digest))
        await liar.answer(asked, '\u001b[2J')
      }
    })
    void liar.greet()
    expect(await faults(scene(), liar)).toEqual([])
  })

  test('puts parts there and takes them away while they are read', async () => {
    const liar = await scene().liar()
    liar.onRequest(async asked => {
      const head = { v: 1, state: 'done', digest: asked.digest, parts: 8, bytes: 80, sha256: '0'.repeat(64) }
      for (let n = 0; n < 20; n++) {
        await liar.answer(asked, encodeJson(head))
        for (let part = 0; part < 8; part++) await liar.try(Layout.responsePart(asked.id, part), 'x'.repeat(10))
        await liar.remove(Layout.responseParts(asked.id))
        await liar.remove(Layout.response(asked.command, asked.id))
      }
    })
    void liar.greet()
    expect(await faults(scene(), liar)).toEqual([])
  })

  test('says without end that it is still answering', async () => {
    const liar = await scene().liar()
    const stop = new AbortController()
    onTestFinished(() => stop.abort())
    liar.onRequest(async asked => {
      for (let n = 0; n < 1_000 && !stop.signal.aborted; n++) {
        const progress = { done: 1, total: 138 }
        await liar.answer(
          asked,
          encodeJson({ v: 1, state: 'running', digest: asked.digest, stage: 'answering', progress }),
        )
      }
    })
    void liar.greet()
    const stubdomain = await scene().session(liar)
    const ping = stubdomain.ping({ timeoutMs: 300, graceMs: 100 })
    // It may move its deadline once, by five seconds.
    expect(await outcomeOf(ping.result)).toMatchObject({ code: 'deadline', name: 'OutcomeUnknownError' })
    await scene().othersAreServed()
  })

  test('says hello and goodbye in turns', async () => {
    const liar = await honestLiar(scene())
    const stop = liar.keep(async () => {
      await liar.remove(Layout.hello)
      await liar.say(Layout.hello, encodeJson(liar.honestHello))
    })
    expect(await faults(scene(), liar)).toEqual([])
    await stop()
  })

  test('has a new epoch every time', async () => {
    const liar = await honestLiar(scene())
    const stop = liar.keep(round =>
      liar.say(Layout.hello, encodeJson({ ...liar.honestHello, epoch: `epoch${`${round}`.padStart(7, '0')}` })),
    )
    expect(await faults(scene(), liar)).toEqual([])
    await stop()
  })

  test('says hello and nonsense in turns, and is called what it is', async () => {
    const liar = await honestLiar(scene())
    const stop = liar.keep(async () => {
      await liar.say(Layout.hello, 'x'.repeat(50))
      await liar.say(Layout.hello, encodeJson(liar.honestHello))
    })
    expect(await faults(scene(), liar)).toEqual([])
    await stop()
    await liar.say(Layout.hello, 'x')
    expect(await scene().cli('ping', liar.pair.name)).toMatchObject({ exitCode: 6, error: { code: 'misbehaving' } })
  })

  test('removes its own part again and again', async () => {
    const liar = await honestLiar(scene())
    const stop = liar.keep(() => liar.remove(Layout.stubdom))
    const stubdomain = await scene().session(liar)
    for (let count = 0; count < 3; count++) {
      const outcome = await outcomeOf(stubdomain.ping(TIMES).result)
      expect(outcome).not.toHaveProperty('done')
      await scene().othersAreServed()
    }
    await stop()
    expect(await faults(scene(), liar)).toEqual([])
  })

  test('opens its part to its guest: what is written there counts as its own word, and it is said', async () => {
    const liar = await honestLiar(scene())
    await liar.client.setPermissions(
      `dm-control/${Layout.stubdom}`,
      acl(liar.pair.stubdomain, [liar.pair.guest, 'both']),
    )
    const { stubdomain, guest } = liar.pair
    const how = `it opened its part of the control directory to others (n${stubdomain},b${guest})`
    const said = await scene().cli('ping', '-c', '1', liar.pair.name)
    expect(said).toMatchObject({ exitCode: 0, ok: true, misbehaves: [{ stubdomain, why: how }] })
    await scene().othersAreServed()
  })

  test('takes the right to read away from dom0, which needs none', async () => {
    const liar = await scene().liar()
    liar.onRequest(async asked => {
      await liar.answer(asked, done(asked))
      const path = `dm-control/${Layout.response(asked.command, asked.id)}`
      await liar.client.setPermissions(path, acl(liar.pair.stubdomain)).catch(() => undefined)
    })
    void liar.greet()
    const stubdomain = await scene().session(liar)
    await expect(stubdomain.ping(TIMES).result).resolves.toEqual({})
    await scene().othersAreServed()
  })

  test('writes nonsense into refused', async () => {
    const liar = await scene().liar()
    void liar.greet().then(() => liar.say(Layout.refused, '\u001b[2J'))
    const stubdomain = await scene().session(liar)
    await outcomeOf(stubdomain.ping({ timeoutMs: 300, graceMs: 300 }).result)
    expect(scene().reasons(liar.pair)).toEqual([expect.stringMatching(/^refused: byte 0 is 0x1b/)])
  })

  test('gives a reason each time: how much of that is said is bounded', async () => {
    const liar = await scene().liar()
    liar.onRequest(async asked => {
      for (let n = 0; n < 4; n++) {
        const running = { v: 1, state: 'running', digest: asked.digest, stage: `stage ${n}`, progress: { done: n } }
        await liar.answer(asked, encodeJson(running))
      }
      await liar.answer(asked, 'enough')
    })
    void liar.greet()
    const stubdomain = await scene().session(liar)
    const before = scene().log.length
    for (let count = 0; count < 12; count++) {
      expect(await outcomeOf(stubdomain.ping({ ...TIMES, timeoutMs: 5_000 }).result)).toBeInstanceOf(MisbehavingError)
    }
    // Three of a command's own, its stages, and eight warnings in all.
    expect(scene().log.length - before).toBeLessThanOrEqual(12 * 7 + 8)
    expect(scene().reasons(liar.pair)).toHaveLength(8)
  })
})
