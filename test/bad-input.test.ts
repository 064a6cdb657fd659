import { acl } from '@stubdom/xenstore'
import { expect, test } from 'vitest'
import { onEachXenstore } from './support/worlds.ts'

/** What a person types wrong, and what it must say. */
const MISTAKES: readonly (readonly [args: readonly string[], exitCode: number, says: RegExp])[] = [
  [['pci-attach', 'hvm1', '3:0'], 2, /no PCI address.*BB:DD\.F/],
  [['pci-attach', 'hvm1', '03:20.0'], 2, /no PCI address/],
  [['pci-attach', 'hvm1', '03:00.0@20'], 2, /slot \\?"20\\?" is out of range/],
  [['pci-attach', 'hvm1', '03:00.0@0'], 2, /slot \\?"0\\?" is out of range/],
  [['pci-attach', 'hvm1', '03:00.0,permisive=1'], 2, /unknown option \\?"permisive\\?".*permissive/],
  [['pci-attach', 'hvm1', '03:00.0,permissive=yes'], 2, /must be 0 or 1/],
  [['pci-attach', 'hvm1'], 2, /missing required argument/],
  [['pci-atach', 'hvm1', '03:00.0'], 2, /unknown command/],
  [['--timeout', 'soon', 'ping', 'hvm1'], 2, /soon/],
  [['ping', 'nobody'], 1, /nobody.*hvm1/s],
  [['ping', '99'], 1, /99/],
  [['pci-detach', 'hvm1', '03:00.0'], 1, /03:00\.0 is not attached/],
  [['pci-attach', 'hvm1', '03:00.0,power_mgmt=1'], 1, /power_mgmt.*pciback/],
  [['pci-attach', 'hvm1', '03:00.0,msitranslate=1,rdm_policy=strict'], 1, /msitranslate.*rdm_policy/],
  [['pci-attach', 'hvm1', '03:00.0,permissive=1'], 1, /permissive.*edu/],
  [['pci-attach', 'hvm1', '03:00.0@1'], 1, /slot 1/],
]

onEachXenstore('bad input', start => {
  test('gets a message that names the thing, the right exit code, and leaves nothing behind', async () => {
    const world = await start()
    await world.json('ping', 'hvm1')
    await world.quiet()
    const before = await world.nodes()
    for (const [args, exitCode, says] of MISTAKES) {
      const { exitCode: code, stdout, stderr } = await world.ctl(...args)
      expect(`${stdout}${stderr}`, args.join(' ')).toMatch(says)
      expect(code, args.join(' ')).toBe(exitCode)
      const { exitCode: jsonCode, ok, error } = await world.json(...args)
      expect({ jsonCode, ok }, args.join(' ')).toEqual({ jsonCode: exitCode, ok: false })
      expect(JSON.stringify(error), args.join(' ')).toMatch(says)
    }
    await world.quiet()
    expect(await world.nodes()).toEqual(before)
    expect(await world.devices()).toEqual([])
  })

  test('options at their defaults are accepted', async () => {
    const world = await start()
    const spec = '03:00.0@07,permissive=0,msitranslate=0,power_mgmt=0,seize=0,rdm_policy=relaxed'
    expect(await world.json('pci-attach', 'hvm1', spec)).toMatchObject({ ok: true })
  })

  test('a device that is attached already', async () => {
    const world = await start()
    await world.json('pci-attach', 'hvm1', '03:00.0')
    const again = await world.json('pci-attach', 'hvm1', '03:00.0')
    expect(again).toMatchObject({ exitCode: 1, error: { code: 'already-attached', outcome: 'not-done' } })
  })

  test('a domain without a stubdomain', async () => {
    const world = await start()
    const { dom0, xenstored } = world.world
    await xenstored.hypervisor.create(9)
    await dom0.write('/local/domain/9/name', 'pv9')
    await dom0.introduce(9, 1009, 1)
    const answer = await world.json('ping', 'pv9')
    expect(answer).toMatchObject({ ok: false, exitCode: 1 })
    expect(answer.error?.message).toMatch(/pv9.*stubdomain/)
  })

  test('no Xenstore', async () => {
    const world = await start()
    const { exitCode, stderr } = await world.ctl('--xenstore', `${world.world.directory}/nothing`, 'list')
    expect(exitCode).toBe(5)
    expect(stderr).toContain(`${world.world.directory}/nothing`)
  })

  test('no agent, in a control directory that is there: told at once', async () => {
    const world = await start({ withoutAgent: true })
    expect(await world.json('ping', 'hvm1'), 'it had to make the directory and waited').toMatchObject({ exitCode: 4 })
    const answer = await world.json('ping', 'hvm1')
    expect(answer).toMatchObject({ exitCode: 4, error: { code: 'no-agent', outcome: 'not-done' } })
    await world.quiet()
  })

  test('a protocol version without overlap', async () => {
    const world = await start({ withoutAgent: true })
    await world.json('ping', 'hvm1')
    const { dom0, controlDirectory } = world.world
    await dom0.write(`${controlDirectory}/stubdom/hello`, '{"v":[2,3],"epoch":"abcdefgh","agent":"9.9"}')
    const answer = await world.json('ping', 'hvm1')
    expect(answer.ok).toBe(false)
    expect(answer.error?.message).toMatch(/2–3.*1|1.*2–3/)
    await world.quiet()
  })

  test('wrong permissions on the control directory are set right', async () => {
    const world = await start()
    await world.json('ping', 'hvm1')
    const { dom0, controlDirectory } = world.world
    await dom0.setPermissions(controlDirectory, acl(0))
    await dom0.setPermissions(`${controlDirectory}/dom0`, acl(0, [7, 'both'], [6, 'read']))
    expect(await world.json('ping', 'hvm1')).toMatchObject({ ok: true })
    expect(await dom0.getPermissions(`${controlDirectory}/dom0`)).toEqual(acl(0, [7, 'read']))
  })
})
