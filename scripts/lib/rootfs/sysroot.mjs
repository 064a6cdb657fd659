import { execFileSync } from 'node:child_process'
import { existsSync, lstatSync, readFileSync, readlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { readElf } from './elf.mjs'

/** Where Debian's dynamic linker looks by itself. */
const LIBRARY_DIRECTORIES = ['lib/x86_64-linux-gnu', 'usr/lib/x86_64-linux-gnu', 'lib', 'usr/lib']

/** The files of several unpacked packages as if they lay in one root. */
export class Sysroot {
  #packages

  /** @param {import('./debian-packages.mjs').UnpackedPackage[]} packages */
  constructor(packages) {
    this.#packages = packages
  }

  /** The bytes of a file, symbolic links followed inside the root. @param {string} path */
  read(path) {
    return readFileSync(this.locate(path))
  }

  /** Where a file of the root lies on this machine. @param {string} path */
  locate(path) {
    const found = this.#find(path)
    if (!found) throw new Error(`no package brings ${path}`)
    return found
  }

  /** The root directory of the package that brings a path. @param {string} name */
  packageDirectory(name) {
    const found = this.#packages.find(unpacked => unpacked.name === name)
    if (!found) throw new Error(`the package ${name} is not unpacked`)
    return found.directory
  }

  /**
   * Copies a program, or a library, and every library it needs, to where they lie in Debian.
   * @param {import('./tree.mjs').Tree} tree
   * @param {string} path in this root, and in the tree unless `to` says otherwise
   */
  addProgram(tree, path, { component, to = path }) {
    const data = this.read(path)
    tree.file(to, data, { mode: 0o755, component })
    this.addLibraries(tree, data)
  }

  /** Everything that the dynamic linker will look for on behalf of an ELF file. @param {import('./tree.mjs').Tree} tree @param {Buffer} file */
  addLibraries(tree, file) {
    const elf = readElf(file)
    if (!elf) throw new Error('not a 64-bit ELF file')
    if (elf.interpreter) this.#addLibrary(tree, elf.interpreter.slice(1))
    for (const soname of elf.needed) {
      const directory = LIBRARY_DIRECTORIES.find(candidate => this.#find(`${candidate}/${soname}`))
      if (!directory) throw new Error(`no package brings the library ${soname}`)
      this.#addLibrary(tree, `${directory}/${soname}`)
    }
  }

  /** Runs a program of the root on this machine, with the root's own libraries. @param {string} path @param {string[]} args */
  run(path, args) {
    const loader = this.locate('lib64/ld-linux-x86-64.so.2')
    const libraries = this.#packages.flatMap(({ directory }) => LIBRARY_DIRECTORIES.map(name => join(directory, name)))
    execFileSync(loader, ['--library-path', libraries.join(':'), this.locate(path), ...args], {
      stdio: ['ignore', 'ignore', 'inherit'],
    })
  }

  #addLibrary(tree, path) {
    if (tree.has(path)) return
    const data = this.read(path)
    tree.file(path, data, { mode: 0o755, component: 'libraries' })
    this.addLibraries(tree, data)
  }

  #find(path) {
    for (const { directory } of this.#packages) {
      const here = join(directory, path)
      const stat = lstatSync(here, { throwIfNoEntry: false })
      if (!stat) continue
      if (!stat.isSymbolicLink()) return here
      const target = readlinkSync(here)
      const next = target.startsWith('/') ? target.slice(1) : join(dirname(path), target)
      const found = this.#find(next)
      if (found && existsSync(found)) return found
    }
    return undefined
  }
}
