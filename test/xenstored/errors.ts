/**
 * What can go wrong with a daemon under test, besides what its clients are told.
 *
 *     Error
 *     └── TestXenstoredError          code
 *         ├── MissingPackageError     the machine's fault: a Debian package has to be installed (missing-package)
 *         ├── DaemonFailedError       it ended by itself, or does not answer; its output is in the message (daemon-failed)
 *         └── TestUsageError          the test asked for what this daemon cannot do (usage)
 */
abstract class TestXenstoredError extends Error {
  abstract readonly code: 'missing-package' | 'daemon-failed' | 'usage'
}

export class MissingPackageError extends TestXenstoredError {
  override readonly name = 'MissingPackageError'
  readonly code = 'missing-package'

  constructor(what: string, debianPackage: string) {
    super(`${what} is missing: apt-get install ${debianPackage}`)
  }
}

export class DaemonFailedError extends TestXenstoredError {
  override readonly name = 'DaemonFailedError'
  readonly code = 'daemon-failed'

  constructor(problem: string, output: string) {
    super(output === '' ? problem : `${problem}; it said:\n${output}`)
  }
}

export class TestUsageError extends TestXenstoredError {
  override readonly name = 'TestUsageError'
  readonly code = 'usage'
}
