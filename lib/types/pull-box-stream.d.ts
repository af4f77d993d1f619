/** pull-box-stream 1.0, as far as tests use it. Types of a package at the wire: never re-exported. */
declare module 'pull-box-stream' {
  import type pull from 'pull-stream'

  const boxes: {
    createBoxStream(key: Buffer, nonce: Buffer): (read: pull.Source<Buffer>) => pull.Source<Buffer>
  }
  export default boxes
}
