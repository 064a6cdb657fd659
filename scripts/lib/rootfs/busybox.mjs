import { execFileSync } from 'node:child_process'

/**
 * Busybox, and a link for each of its programs.
 * @param {import('./tree.mjs').Tree} tree
 * @param {import('./sysroot.mjs').Sysroot} sysroot
 */
export function addBusybox(tree, sysroot) {
  tree.file('bin/busybox', sysroot.read('bin/busybox'), { mode: 0o755, component: 'busybox' })
  const applets = execFileSync(sysroot.locate('bin/busybox'), ['--list'], { encoding: 'utf8' }).trim().split('\n')
  for (const applet of applets) if (applet !== 'busybox') tree.link(`bin/${applet}`, 'busybox', 'busybox')
}
