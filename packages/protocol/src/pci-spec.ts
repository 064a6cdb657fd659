import { formatBdf, parseBdf } from './bdf.ts'
import type { PciAttachArgs } from './commands/pci-attach.ts'

/** What is wrong with a PCI specification, in words for the person who typed it. */
export interface PciSpecProblem {
  readonly problem: string
}

/**
 * Parses `[DDDD:]BB:DD.F[@VSLOT][,key=value…]` as xl does; source: xl-pci-configuration(5). VSLOT is hexadecimal; F may be `*`.
 * Returns the arguments of `pci-attach`, or what is wrong.
 */
export function parsePciSpec(text: string): PciAttachArgs | PciSpecProblem {
  const [address = '', ...options] = text.split(',')
  const [bdfText = '', slotText, ...more] = address.split('@')
  const all = bdfText.endsWith('.*')
  const bdf = parseBdf(all ? `${bdfText.slice(0, -1)}0` : bdfText)
  if (!bdf)
    return { problem: `${JSON.stringify(bdfText)} is no PCI address; it is written [DDDD:]BB:DD.F, e.g. 03:00.0` }
  if (more.length > 0) return { problem: `${JSON.stringify(address)} holds more than one @` }

  const args: Record<string, unknown> = { bdf: formatBdf(bdf), ...(all ? { functions: 'all' } : {}) }
  if (slotText !== undefined) {
    const slot = /^[0-9a-f]{1,2}$/i.test(slotText) ? Number.parseInt(slotText, 16) : Number.NaN
    if (!(slot >= 1 && slot <= 0x1f)) {
      return { problem: `guest slot ${JSON.stringify(slotText)} is out of range; it is hexadecimal, 1 to 1f` }
    }
    args['slot'] = slot
  }
  for (const option of options) {
    const [key = '', value, ...rest] = option.split('=')
    const parse = Object.hasOwn(OPTIONS, key) ? OPTIONS[key as keyof typeof OPTIONS] : undefined
    if (!parse) {
      return { problem: `unknown option ${JSON.stringify(key)}; there are ${Object.keys(OPTIONS).join(', ')}` }
    }
    if (Object.hasOwn(args, key)) return { problem: `option ${key} is given twice` }
    const parsed = value === undefined || rest.length > 0 ? undefined : parse(value)
    if (parsed === undefined) {
      const wanted = key === 'rdm_policy' ? 'strict or relaxed' : '0 or 1'
      return { problem: `option ${JSON.stringify(option)}: the value must be ${wanted}` }
    }
    args[key] = parsed
  }
  return args as PciAttachArgs
}

function boolean(text: string): boolean | undefined {
  return text === '1' ? true : text === '0' ? false : undefined
}

const OPTIONS = {
  permissive: boolean,
  msitranslate: boolean,
  power_mgmt: boolean,
  seize: boolean,
  rdm_policy: (text: string) => (text === 'strict' || text === 'relaxed' ? text : undefined),
} as const
