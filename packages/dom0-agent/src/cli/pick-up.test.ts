import { expect, test } from 'vitest'
import { pickUpLine } from './pick-up.ts'

test.each<[argv: string[], line: string]>([
  [['pci-attach', 'hvm1', '03:00.0@05,permissive=1'], 'stubdomctl --id ID pci-attach hvm1 03:00.0@05,permissive=1'],
  [['--id', 'OLD', 'ping', 'hvm1'], 'stubdomctl --id ID ping hvm1'],
  [['ping', '--id=OLD', 'hvm1'], 'stubdomctl --id ID ping hvm1'],
  [['save-state', '-c', 'hvm1', 'a file'], "stubdomctl --id ID save-state -c hvm1 'a file'"],
  [['ping', "it's; rm"], String.raw`stubdomctl --id ID ping 'it'\''s; rm'`],
])('%j', (argv, line) => {
  expect(pickUpLine(argv, 'ID')).toBe(line)
})
