import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { XenstoreClient } from './client.ts'
import { Silence } from './silence.ts'
import { ScriptedPeer } from './testing/scripted-peer.ts'

describe('ten seconds of silence', () => {
  let owed: number
  let silence: Silence
  const tooLong = vi.fn()
  beforeEach(() => {
    vi.useFakeTimers()
    owed = 0
    tooLong.mockClear()
    silence = new Silence(10_000, () => owed > 0, tooLong)
  })
  afterEach(() => vi.useRealTimers())

  const ask = (): void => {
    silence.asking()
    owed++
  }
  const answer = (): void => {
    silence.heard()
    owed--
  }
  const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms)

  test('are too long when a reply is owed, and that is told once', async () => {
    ask()
    await pass(9_990)
    ask()
    expect(tooLong).not.toHaveBeenCalled()
    await pass(20)
    expect(tooLong).toHaveBeenCalledTimes(1)
    await pass(60_000)
    expect(tooLong).toHaveBeenCalledTimes(1)
  })

  test('are nothing when no reply is owed', async () => {
    ask()
    answer()
    await pass(60_000)
    expect(tooLong).not.toHaveBeenCalled()
    expect(vi.getTimerCount()).toBe(0)
  })

  test('begin with the first request that is owed a reply', async () => {
    ask()
    answer()
    await pass(9_000)
    ask()
    await pass(9_000)
    expect(tooLong).not.toHaveBeenCalled()
    await pass(1_100)
    expect(tooLong).toHaveBeenCalledTimes(1)
  })

  test('begin again with anything that comes', async () => {
    ask()
    for (let times = 0; times < 5; times++) {
      await pass(9_000)
      silence.heard()
    }
    expect(tooLong).not.toHaveBeenCalled()
    await pass(10_100)
    expect(tooLong).toHaveBeenCalledTimes(1)
  })

  test('do not count after the end', async () => {
    ask()
    silence.stop()
    await pass(60_000)
    expect(tooLong).not.toHaveBeenCalled()
    expect(vi.getTimerCount()).toBe(0)
  })
})

test('a daemon that is silent while it owes replies is lost, however short the deadlines of the calls', async () => {
  const peer = await ScriptedPeer.start(() => undefined)
  const client = await XenstoreClient.connect({ path: peer.path, silenceMs: 120 })
  try {
    await expect(client.read('a', { timeoutMs: 1 })).rejects.toMatchObject({ code: 'timeout' })
    const waiting = client.read('b').catch((error: unknown) => error)
    const lost = await client.closed
    const message = expect.stringMatching(/does not answer: nothing came for 120 ms, and 2 requests/)
    expect(lost).toMatchObject({ code: 'lost', message })
    expect(await waiting).toBe(lost)
  } finally {
    await client.close()
    await peer.stop()
  }
})

test.each([0, -1, Number.NaN, Infinity])('%d ms are no silence', async silenceMs => {
  await expect(XenstoreClient.connect({ path: '/none', silenceMs })).rejects.toMatchObject({ code: 'usage' })
})
