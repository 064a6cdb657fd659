import { expect, test } from 'vitest'
import { deviceNodes, qemuCommandLine, tapsWithoutScript, wantsRestore } from './command-line.ts'
import { pathsIn } from './paths.ts'

const FDS = { keeper: 3, fdset: 4, restore: 5 }

/** As libxl 4.17 writes them for a guest with a disk, an empty drive, a network card and a serial port. */
const LIBXL = [
  ['-xen-domid', '3', '-no-shutdown', '-nodefaults', '-no-user-config', '-name', 'hvm1', '-display', 'none'],
  ['-serial', '/dev/hvc3', '-device', 'VGA,vgamem_mb=16', '-boot', 'order=c'],
  ['-device', 'rtl8139,id=nic0,netdev=net0,mac=00:16:3e:00:00:01'],
  ['-netdev', 'type=tap,id=net0,ifname=vif3.0-emu,br=xenbr0,script=no,downscript=no'],
  ['-incoming', '$STUBDOM_RESTORE_INCOMING_ARG', '-machine', 'xenfv,suppress-vmdesc=on', '-m', '48'],
  ['-drive', 'file=/dev/xvda,if=ide,index=0,media=disk,format=host_device,cache=writeback'],
  ['-drive', 'if=ide,index=1,readonly=on,media=cdrom,id=ide-832'],
].flat()

test('the restore argument becomes the console’s file descriptor', () => {
  expect(wantsRestore(LIBXL)).toBe(true)
  expect(wantsRestore(['-incoming', 'defer'])).toBe(false)
  const line = qemuCommandLine(pathsIn('/run'), FDS, [], LIBXL)
  expect(line[line.indexOf('-incoming') + 1]).toBe('fd:5')
  expect(line.join(' ')).not.toContain('$')
})

test('ours come before the toolstack’s, which are passed on as they are', () => {
  const line = qemuCommandLine(pathsIn('/run'), FDS, ['-L', '/seabios'], ['-name', 'a b,c'])
  expect(line.slice(-4)).toEqual(['-L', '/seabios', '-name', 'a b,c'])
})

test('a comma in a path is written twice', () => {
  expect(qemuCommandLine(pathsIn('/a,b'), FDS, [], [])).toContain(
    'socket,id=front,path=/a,,b/front.qmp,server=on,wait=off',
  )
})

test('disks and consoles are found, each once', () => {
  expect(deviceNodes(LIBXL)).toEqual(['/dev/hvc3', '/dev/xvda'])
  expect(deviceNodes(['-drive', 'file=/dev/xvdb,if=none', '-drive', 'format=raw,file=/dev/xvdb'])).toEqual([
    '/dev/xvdb',
  ])
  expect(
    deviceNodes(['-append', 'root=/dev/xvda1 ro', '-drive', 'file=/img/dev/xvda', '-serial', '/dev/hvc3x']),
  ).toEqual([])
})

test('network interfaces that QEMU runs no script for', () => {
  expect(tapsWithoutScript(LIBXL)).toEqual([{ netdev: 'net0', ifname: 'vif3.0-emu', devices: ['nic0'] }])
  expect(tapsWithoutScript(['-netdev', 'tap,id=n,ifname=t,script=no'])).toEqual([
    { netdev: 'n', ifname: 't', devices: [] },
  ])
  expect(tapsWithoutScript(['-netdev', 'tap,id=n,ifname=t,script=/etc/qemu-ifup'])).toEqual([])
  expect(tapsWithoutScript(['-netdev', 'user,id=n'])).toEqual([])
  expect(tapsWithoutScript(['-netdev'])).toEqual([])
})
