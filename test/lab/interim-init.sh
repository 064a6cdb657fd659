#!/bin/sh
export PATH=/bin:/usr/bin
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev
mkdir -p /dev/shm /dev/pts; mount -t devpts pts /dev/pts; mount -t tmpfs shm /dev/shm; mount -t tmpfs tmp /tmp; mount -t tmpfs run /run
insmod /lib/modules/xen-privcmd.ko unrestricted=1
for m in xen-evtchn xenfs xen-gntdev xen-gntalloc xen-pcifront xen-blkfront; do insmod /lib/modules/$m.ko; done
mount -t xenfs xenfs /proc/xen
echo "STUB modules $(cut -d' ' -f1 /proc/uptime)"
echo 1 > /proc/sys/vm/overcommit_memory
echo 1073741824 > /sys/module/xen_gntalloc/parameters/limit
cat > /tmp/args.mjs <<'JS'
import fs from 'node:fs'
const fd = fs.openSync('/dev/xen/xenbus', 'r+')
let buf = Buffer.alloc(0)
function call(type, payload) { const p = Buffer.from(payload + '\0'); const h = Buffer.alloc(16); h.writeUInt32LE(type, 0); h.writeUInt32LE(1, 4); h.writeUInt32LE(p.length, 12); fs.writeSync(fd, Buffer.concat([h, p]))
  for (;;) { if (buf.length >= 16 && buf.length >= 16 + buf.readUInt32LE(12)) { const n = buf.readUInt32LE(12); const t = buf.readUInt32LE(0); const r = buf.toString('utf8', 16, 16 + n); buf = buf.subarray(16 + n); if (t === 16) throw new Error(r); return r }
    const b = Buffer.alloc(4096); const n = fs.readSync(fd, b); buf = Buffer.concat([buf, b.subarray(0, n)]) } }
const target = call(2, 'target'); const vm = call(2, `/local/domain/${target}/vm`)
const names = call(1, `${vm}/image/dm-argv`).split('\0').filter(Boolean).sort()
fs.writeFileSync('/tmp/target', target)
fs.writeFileSync('/tmp/args', names.map(n => call(2, `${vm}/image/dm-argv/${n}`)).join('\n') + '\n')
JS
node /tmp/args.mjs
target=$(cat /tmp/target)
tr '\n' ' ' < /tmp/args; echo
IFS='
'
set -f
/usr/libexec/xen-qemu-system-i386 \
  -chardev socket,server=on,wait=off,path=/tmp/qemu.qmp,id=m2 -mon chardev=m2,mode=control \
  -chardev socket,server=on,wait=off,path=/tmp/agent.qmp,id=m3 -mon chardev=m3,mode=control \
  $(cat /tmp/args) &
set +f
unset IFS
while [ ! -S /tmp/qemu.qmp ]; do sleep 0.1; done
vchan-socket-proxy --mode=server --verbose 0 device-model/$target/qmp-vchan /tmp/qemu.qmp &
echo "STUB qemu $(cut -d' ' -f1 /proc/uptime)"
node --max-semi-space-size=1 --v8-pool-size=0 /usr/lib/stubdom-agent.mjs --qmp /tmp/agent.qmp --xenstore /dev/xen/xenbus --log-level debug
while true; do sleep 1000; done
