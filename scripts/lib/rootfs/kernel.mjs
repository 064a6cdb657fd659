import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Source: Linux, Documentation/x86/boot.rst. */
const SETUP_SECTORS = 0x1f1
const PAYLOAD_OFFSET = 0x248
const PAYLOAD_LENGTH = 0x24c

const XZ = Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00])

/** A Debian kernel package, unpacked. */
export class Kernel {
  /** As `uname -r` says it. @type {string} */
  release
  #directory
  /** @type {Map<string, string>} name → path */
  #modules

  /** @param {string} directory of the unpacked linux-image package */
  constructor(directory) {
    this.#directory = directory
    const [release] = readdirSync(join(directory, 'lib/modules'))
    if (!release) throw new Error(`${directory} holds no kernel`)
    this.release = release
    const modules = join(directory, 'lib/modules', release, 'kernel')
    const files = readdirSync(modules, { recursive: true, encoding: 'utf8' }).filter(file => file.endsWith('.ko'))
    this.#modules = new Map(files.map(file => [moduleName(file), join(modules, file)]))
  }

  /** The compressed kernel as a boot loader takes it. */
  vmlinuz() {
    return readFileSync(join(this.#directory, `boot/vmlinuz-${this.release}`))
  }

  /** The ELF inside vmlinuz: what Xen starts without unpacking, which under emulation takes seconds. */
  vmlinux() {
    const image = this.vmlinuz()
    const start = (image[SETUP_SECTORS] + 1) * 512 + image.readUInt32LE(PAYLOAD_OFFSET)
    // The last four bytes are the length when unpacked.
    const input = image.subarray(start, start + image.readUInt32LE(PAYLOAD_LENGTH) - 4)
    if (!input.subarray(0, XZ.length).equals(XZ)) throw new Error(`vmlinuz-${this.release} is not packed with xz`)
    return execFileSync('xz', ['--decompress', '--stdout'], { input, maxBuffer: 256 << 20 })
  }

  /**
   * Modules and what they depend on, in the order in which insmod takes them.
   * @param {string[]} names
   * @returns {{ name: string, data: Buffer }[]}
   */
  modules(names) {
    const loaded = new Map()
    const load = name => {
      const key = name.replaceAll('-', '_')
      if (loaded.has(key)) return
      const path = this.#modules.get(key)
      if (!path) throw new Error(`kernel ${this.release} has no module ${name}`)
      const data = readFileSync(path)
      for (const dependency of dependencies(data)) load(dependency)
      loaded.set(key, { name: path.slice(path.lastIndexOf('/') + 1, -'.ko'.length), data })
    }
    for (const name of names) load(name)
    return [...loaded.values()]
  }
}

function moduleName(file) {
  return file.slice(file.lastIndexOf('/') + 1, -'.ko'.length).replaceAll('-', '_')
}

/** From the module's own .modinfo: the package has no modules.dep, depmod makes that when it is installed. */
function dependencies(module) {
  const key = Buffer.from('\0depends=')
  const start = module.indexOf(key)
  if (start < 0) return []
  const list = module.toString('latin1', start + key.length, module.indexOf(0, start + key.length))
  return list.split(',').filter(name => name !== '')
}
