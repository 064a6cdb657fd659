import { expect, test } from 'vitest'
import { onEachXenstore, report } from './support/worlds.ts'

const DEVICE = '0000:03:00.0'
const LOCAL = '0000:00:00.0'
/** As pciback spells it. */
const VDEV = '0000:00:00.00'

onEachXenstore('a device on its way into the stubdomain', start => {
  test('that is there already is attached, and found by numbers, not by spelling', async () => {
    const world = await start({ sysfs: true })
    const { pciFront } = world.world
    await pciFront.assign([
      { machine: '0000:02:00.0', local: '0000:00:01.00' },
      { machine: '3:0.0', local: VDEV },
    ])
    await pciFront.appear(LOCAL)
    const attached = await world.json('pci-attach', 'hvm1', '03:00.0@07')
    expect(attached).toMatchObject({ ok: true, result: { bdf: DEVICE, local: LOCAL, guest: { slot: 7 } } })
    expect(await world.devices()).toEqual(['pci-pt-0000_03_00.0'])
  })

  test('is waited for, step by step, and attached as soon as it is there', async () => {
    const world = await start({ sysfs: true })
    const { pciFront } = world.world
    await pciFront.assign([{ machine: DEVICE }], '1')
    const attaching = world.start('--json', 'pci-attach', 'hvm1', '03:00.0')
    await world.node('stubdom/response/pci-attach', value => value.includes('waiting-for-pcifront'))
    await pciFront.publish(0, VDEV)
    await pciFront.enter('4')
    await world.node('stubdom/response/pci-attach', value => value.includes('waiting-for-sysfs'))
    expect(await world.devices()).toEqual([])
    await pciFront.appear(LOCAL)
    expect(await report(attaching)).toMatchObject({ ok: true, result: { local: LOCAL } })
    await world.quiet()
  })

  test('that pciback does not list is refused by name, with what it lists', async () => {
    const world = await start({ sysfs: true })
    const bare = await world.json('pci-attach', 'hvm1', '03:00.0')
    expect(bare).toMatchObject({ exitCode: 1, error: { code: 'not-assigned', outcome: 'not-done' } })
    await world.world.pciFront.assign([{ machine: '0000:04:00.0', local: VDEV }])
    const other = await world.json('pci-attach', 'hvm1', '03:00.0')
    expect(other).toMatchObject({ exitCode: 1, error: { code: 'not-assigned', outcome: 'not-done' } })
    expect(other.error?.message).toContain('lists 0000:04:00.0')
  })

  test('whose frontend closes fails at once, with the kernel’s reason', async () => {
    const world = await start({ sysfs: true })
    const { pciFront } = world.world
    await pciFront.assign([{ machine: DEVICE, local: VDEV }], '3')
    const attaching = world.start('--json', '--timeout', '60', 'pci-attach', 'hvm1', '03:00.0')
    await world.node('stubdom/response/pci-attach', value => value.includes('waiting-for-pcifront'))
    await pciFront.enter('5', '22 Error allocating')
    const failed = await report(attaching)
    expect(failed).toMatchObject({ exitCode: 1, error: { code: 'pcifront-failed', outcome: 'not-done' } })
    expect(failed.error?.message).toContain('Closing: 22 Error allocating')
  })

  test('whose frontend closes while sysfs is waited for fails, too; so does one that is taken back', async () => {
    const world = await start({ sysfs: true })
    const { pciFront } = world.world
    await pciFront.assign([{ machine: DEVICE, local: VDEV }])
    for (const [end, code] of [
      [() => pciFront.enter('6'), 'pcifront-failed'],
      [() => pciFront.remove(), 'not-assigned'],
    ] as const) {
      await pciFront.enter('4')
      const attaching = world.start('--json', '--timeout', '60', 'pci-attach', 'hvm1', '03:00.0')
      await world.node('stubdom/response/pci-attach', value => value.includes('waiting-for-sysfs'))
      await end()
      expect(await report(attaching)).toMatchObject({ exitCode: 1, error: { code, outcome: 'not-done' } })
      await world.quiet()
    }
  })

  test('that does not come fails before the deadline, with what was missing', async () => {
    const world = await start({ sysfs: true })
    await world.world.pciFront.assign([{ machine: DEVICE, local: VDEV }])
    const failed = await world.json('--timeout', '2', 'pci-attach', 'hvm1', '03:00.0')
    expect(failed).toMatchObject({
      exitCode: 1,
      error: { code: 'sysfs-timeout', outcome: 'not-done', stage: 'waiting-for-sysfs' },
    })
    expect(failed.error?.message).toContain(`${LOCAL}/config is not there`)
    await world.world.pciFront.enter('1')
    const asleep = await world.json('--timeout', '2', 'pci-attach', 'hvm1', '03:00.0')
    expect(asleep.error).toMatchObject({ code: 'sysfs-timeout', stage: 'waiting-for-pcifront' })
    expect(asleep.error?.message).toContain('Initialising, not yet Connected; is xen-pcifront loaded')
  })

  test('can be taken back while it is waited for', async () => {
    const world = await start({ sysfs: true })
    await world.world.pciFront.assign([{ machine: DEVICE, local: VDEV }])
    const attaching = world.start('--json', 'pci-attach', 'hvm1', '03:00.0')
    await world.node('stubdom/response/pci-attach', value => value.includes('waiting-for-sysfs'))
    attaching.signal('SIGINT')
    expect((await attaching.finished).stdout).toContain('cancelled')
    expect(await world.devices()).toEqual([])
    await world.quiet()
  })

  test('holds up other devices of the guest, and no queries', async () => {
    const world = await start({ sysfs: true })
    const { pciFront } = world.world
    await pciFront.assign([
      { machine: DEVICE, local: VDEV },
      { machine: '0000:04:00.0', local: '0000:00:01.00' },
    ])
    await pciFront.appear('0000:00:01.0')
    const first = world.start('--json', 'pci-attach', 'hvm1', '03:00.0')
    await world.node('stubdom/response/pci-attach', value => value.includes('waiting-for-sysfs'))
    const second = world.start('--json', 'pci-attach', 'hvm1', '04:00.0')
    await world.node('dom0/request/pci-attach', value => value.includes('0000:04:00.0'))
    await expect.poll(async () => JSON.stringify(await world.json('status', 'hvm1'))).toMatch(/pci-attach.*pci-attach/)
    expect(await world.devices()).toEqual([])
    await pciFront.appear(LOCAL)
    for (const attaching of [first, second]) expect(await report(attaching)).toMatchObject({ ok: true })
  })
})

onEachXenstore('a device of several functions', start => {
  const functions = [
    { machine: '0000:03:00.0', local: VDEV },
    { machine: '0000:03:00.1', local: '0000:00:00.01' },
    { machine: '0000:03:00.7', local: '0000:00:00.07' },
    { machine: '0000:03:01.0', local: '0000:00:01.00' },
  ]
  const bdfs = functions.slice(0, 3).map(({ machine }) => machine)

  test('goes into one slot of the guest, and out of it, as a whole', async () => {
    const world = await start({ sysfs: true })
    const { pciFront } = world.world
    await pciFront.assign(functions)
    for (const func of [0, 1, 7]) await pciFront.appear(`0000:00:00.${func}`)
    const attached = await world.json('pci-attach', 'hvm1', '03:00.*@09')
    expect(attached).toMatchObject({ ok: true, result: { bdf: bdfs[0], functions: bdfs, guest: { slot: 9 } } })
    const listed = (await world.json('pci-list', 'hvm1')) as unknown as {
      result: { devices: { bdf: string; guest: unknown }[] }
    }
    const places = new Map(listed.result.devices.map(({ bdf, guest }) => [bdf, guest]))
    expect(places).toEqual(new Map(bdfs.map(bdf => [bdf, { bus: 0, slot: 9, function: Number(bdf.at(-1)) }])))

    const detached = await world.json('pci-detach', 'hvm1', '03:00.1')
    expect(detached).toMatchObject({ ok: true, result: { bdf: bdfs[1], functions: bdfs } })
    expect(await world.devices()).toEqual([])
    await world.quiet()
  })

  test('finds a free slot by itself', async () => {
    const world = await start({ sysfs: true })
    const { pciFront } = world.world
    await pciFront.assign(functions)
    for (const local of ['00.0', '00.1', '00.7', '01.0']) await pciFront.appear(`0000:00:${local}`)
    expect(await world.json('pci-attach', 'hvm1', '03:01.0@02')).toMatchObject({ ok: true })
    const attached = await world.json('pci-attach', 'hvm1', '03:00.*')
    expect(attached).toMatchObject({ ok: true, result: { guest: { slot: 3, function: 0 } } })
  })

  test('is not attached in part: what was added goes again when a later function fails', async () => {
    const world = await start({ sysfs: true })
    const { pciFront } = world.world
    await pciFront.assign(functions)
    for (const local of ['00.0', '00.1', '00.7', '01.0']) await pciFront.appear(`0000:00:${local}`)
    await world.qemu('device_add', { driver: 'edu', id: 'in-the-way', addr: '9.1', multifunction: true })
    const failed = await world.json('pci-attach', 'hvm1', '03:00.*@09')
    expect(failed).toMatchObject({ exitCode: 1, error: { code: 'qemu-error', stage: 'device_add', outcome: 'partly' } })
    expect(failed.error?.message).toMatch(/function 1 not available/)
    await expect.poll(() => world.devices(), { timeout: 10_000 }).toEqual([])
  })

  test('without pciback nobody can say what functions it has', async () => {
    const world = await start()
    const refused = await world.json('pci-attach', 'hvm1', '03:00.*')
    expect(refused).toMatchObject({ exitCode: 1, error: { code: 'unsupported' } })
  })
})
