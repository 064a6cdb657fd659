import { daemons } from '@stubdom/test-xenstored'
import { describe, expect, test } from 'vitest'
import { Stubdomain } from './stubdomain.ts'

describe.each(daemons())('QEMU’s arguments from Xenstore [%s]', daemon => {
  test('one node for each, in the order of their numbers', async () => {
    const stubdomain = await Stubdomain.create(daemon)
    await stubdomain.writeArguments([...stubdomain.modelArguments(), '-name', 'a guest with spaces'])
    await stubdomain.makeControlDirectory()
    await stubdomain.boot()
    await stubdomain.status(/"ready"/)
    expect(await stubdomain.qemu('query-name')).toEqual({ name: 'a guest with spaces' })
    expect(await stubdomain.ctl('pci-attach', 'hvm1', '03:00.0')).toMatchObject({ ok: true })
  })

  test('all in dmargs, between escapes', async () => {
    const stubdomain = await Stubdomain.create(daemon)
    await stubdomain.writeJoinedArguments([...stubdomain.modelArguments(), '-name', 'a guest with spaces'].join('\x1b'))
    await stubdomain.makeControlDirectory()
    await stubdomain.boot()
    await stubdomain.status(/"ready"/)
    expect(await stubdomain.qemu('query-name')).toEqual({ name: 'a guest with spaces' })
  })

  test('all in dmargs, between spaces', async () => {
    const stubdomain = await Stubdomain.create(daemon)
    await stubdomain.writeJoinedArguments([...stubdomain.modelArguments(), '-name', 'hvm1 '].join(' '))
    await stubdomain.makeControlDirectory()
    await stubdomain.boot()
    await stubdomain.status(/"ready"/)
    expect(await stubdomain.qemu('query-name')).toEqual({ name: 'hvm1' })
  })

  test('that are not there yet: the status says what is missing, and it goes on when they are', async () => {
    const stubdomain = await Stubdomain.create(daemon)
    await stubdomain.makeControlDirectory()
    await stubdomain.boot()
    await stubdomain.status(/"reading-config".*\/local\/domain\/6\/vm/)
    await stubdomain.writeArguments(stubdomain.modelArguments())
    expect(await stubdomain.status(/"ready"/)).not.toContain('error')
  })
})

// What follows has nothing to do with the daemon.
const boot = async (args: (own: string[]) => string[], ...options: string[]): Promise<Stubdomain> => {
  const stubdomain = await Stubdomain.create(daemons()[0] ?? 'embedded')
  await stubdomain.writeArguments(args(stubdomain.modelArguments()))
  await stubdomain.makeControlDirectory()
  await stubdomain.boot(...options)
  return stubdomain
}
const asItIs = (own: string[]) => own

describe('a start that fails says where and why', () => {
  test('an argument that QEMU does not know', async () => {
    const stubdomain = await boot(own => [...own, '-bogus'])
    await stubdomain.status(/"qemu-exited".*exit code 1: .*-bogus: invalid option.*not started again/)
    const answer = await stubdomain.ctl('ping', 'hvm1')
    expect(answer, 'dom0 is told').toMatchObject({ ok: false, error: { message: expect.stringMatching(/-bogus/) } })
  })

  test('no such QEMU', async () => {
    const stubdomain = await boot(asItIs, '--qemu', '/nonexistent/qemu')
    expect(await stubdomain.status(/"qemu-exited"/)).toMatch(/could not be started: .*\/nonexistent\/qemu/)
  })

  test('a disk that is not there', async () => {
    const stubdomain = await boot(own => [
      ...own,
      '-drive',
      'file=/dev/xvdzz,if=ide,format=raw',
      '-serial',
      '/dev/null',
    ])
    expect(await stubdomain.status(/"waiting-devices"/)).toContain('"error":"/dev/xvdzz"')
  })

  test('a state to restore, and no console for it', async () => {
    const incoming = ['-incoming', '$STUBDOM_RESTORE_INCOMING_ARG']
    const stubdomain = await boot(own => [...own, ...incoming], '--restore-console', '/nonexistent/hvc2')
    expect(await stubdomain.status(/"qemu-exited"/)).toMatch(/console cannot be opened: .*\/nonexistent\/hvc2/)
  })

  test('arguments of our own come before the toolstack’s', async () => {
    const stubdomain = await boot(own => [...own, '-name', 'theirs'], '--', '-name', 'ours', '-bogus-of-ours')
    expect(await stubdomain.status(/"qemu-exited"/)).toMatch(/-bogus-of-ours: invalid option/)
  })
})

describe('a QEMU that ends', () => {
  const killed = async (policy: string): Promise<Stubdomain> => {
    const stubdomain = await boot(asItIs, '--on-qemu-exit', policy)
    await stubdomain.status(/"ready"/)
    await stubdomain.signalQemu('SIGKILL')
    return stubdomain
  }

  test('stay: the status says how, for as long as it takes', async () => {
    const stubdomain = await killed('stay')
    await stubdomain.status(/"qemu-exited".*killed by SIGKILL.*not started again/)
    expect(await stubdomain.processes(/^qemu-system/)).toEqual([])
    expect(await stubdomain.ctl('ping', 'hvm1')).toMatchObject({ error: { code: 'no-agent' } })
    expect(stubdomain.running).toBe(true)
  })

  test('exit: the stubdomain ends, and the last status says why', async () => {
    const stubdomain = await killed('exit')
    await stubdomain.ended
    expect(stubdomain.log).toContain('ended with exit code 3')
    await stubdomain.status(/"qemu-exited".*killed by SIGKILL.*the agent ends too/)
  })

  test('restart: another one comes, served in the same epoch', async () => {
    const stubdomain = await killed('restart')
    const before = await stubdomain.status(/"qemu-exited".*started again in 500 ms \(1 of 5\)/)
    const after = await stubdomain.status(/"ready"/)
    const epoch = (status: string) => (JSON.parse(status) as { epoch: string }).epoch
    expect(epoch(after)).toBe(epoch(before))
    expect(await stubdomain.ctl('pci-attach', 'hvm1', '03:00.0')).toMatchObject({ ok: true })
  })

  test('restart: one that was told to end is not started again', async () => {
    const stubdomain = await boot(asItIs, '--on-qemu-exit=restart')
    await stubdomain.status(/"ready"/)
    await stubdomain.qemu('quit')
    await stubdomain.ended
    expect(stubdomain.log).toContain('ended with exit code 0')
    await stubdomain.status(/"qemu-exited".*host-qmp-quit/)
  })
})

describe('the end of the stubdomain', () => {
  test('SIGTERM: QEMU ends, and the agent says goodbye', async () => {
    const stubdomain = await boot(asItIs)
    await stubdomain.status(/"ready"/)
    await stubdomain.signalInit('SIGTERM')
    await stubdomain.ended
    expect(stubdomain.log).toContain('ended with exit code 0')
    await stubdomain.status(/"stopped"/)
    expect(await stubdomain.processes(/^qemu-system|stubdom-agent/)).toEqual([])
  })

  test('a QEMU that hangs does not keep it from ending', async () => {
    const stubdomain = await boot(asItIs)
    await stubdomain.status(/"ready"/)
    await stubdomain.signalQemu('SIGSTOP')
    await stubdomain.signalInit('SIGTERM')
    await stubdomain.ended
    expect(stubdomain.log).toContain('ended with exit code 0')
  })

  test('an agent that is killed takes QEMU along', async () => {
    const stubdomain = await boot(asItIs)
    await stubdomain.status(/"ready"/)
    const [agent = 0] = await stubdomain.processes(/^[^\0]*node\0[^\0]*stubdom-agent/)
    process.kill(agent, 'SIGKILL')
    await stubdomain.ended
    expect(stubdomain.log).toContain('ended with signal 9')
    expect(await stubdomain.processes(/^qemu-system/)).toEqual([])
  })
})
