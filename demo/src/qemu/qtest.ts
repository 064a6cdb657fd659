import { connect } from 'node:net'

/**
 * Says one line to a QEMU's qtest socket and resolves with its answer, `OK …`. That is a hand inside the machine which is no QMP monitor:
 * QEMU 7.2 drops its fdsets when the last *monitor* disconnects, and a connection that only looks whether QEMU is up must not cause that.
 * Rejects with the socket's error, or when QEMU refuses the line or says nothing for `timeoutMs`.
 */
export async function qtest(path: string, line: string, timeoutMs = 5_000): Promise<string> {
  return await new Promise((resolve, reject) => {
    let answer = ''
    const socket = connect(path, () => socket.write(`${line}\n`))
    socket.setEncoding('latin1')
    socket.setTimeout(timeoutMs, () =>
      socket.destroy(new Error(`qtest: no answer to '${line}' within ${timeoutMs} ms`)),
    )
    socket.on('data', (text: string) => {
      answer += text
      if (!answer.includes('\n')) return
      socket.destroy()
      if (answer.startsWith('OK')) resolve(answer.trimEnd())
      else reject(new Error(`qtest: '${line}' was answered with '${answer.trimEnd()}'`))
    })
    socket.on('error', reject)
    socket.on('close', () => reject(new Error(`qtest: QEMU went away before it answered '${line}'`)))
  })
}
