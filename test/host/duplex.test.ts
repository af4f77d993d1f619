import test from 'tape'
import { bandContract, bandPlugin } from '../helpers/band-plugin.ts'
import { addressOf, codeOf, Teardown } from '../helpers/hosts.ts'

async function chat(down: Teardown) {
  const a = await down.host({ plugins: [bandPlugin] })
  const b = await down.host({ plugins: [bandPlugin] })
  b.addRoleResolver(() => 'tracked')
  const connection = await a.connect(addressOf(b))
  return { a, b, connection, remote: connection.remote(bandContract) }
}

async function drain(source: AsyncIterable<unknown>): Promise<number> {
  let count = 0
  for await (const item of source) if (item !== undefined) count++
  return count
}

test('a duplex call: items both ways, and each direction ends for itself', async (t) => {
  const down = new Teardown()
  const { remote } = await chat(down)
  const link = remote.chat.echo()
  await link.push({ say: 'one' })
  await link.push({ say: 'two' })
  link.end()
  const heard: string[] = []
  for await (const { said } of link.source) heard.push(said)
  t.deepEqual(heard, ['tracked: one', 'tracked: two'], 'what came before the end is answered after it')
  t.equal(await codeOf(link.push({ say: 'three' })), 'CLOSED')
  await down.run()
})

test('a duplex call moves more than its window, and waits for a reader', async (t) => {
  const down = new Teardown()
  const { remote } = await chat(down)
  const link = remote.chat.pipe()
  const piece = new Uint8Array(64 * 1024).fill(3)
  let pushed = 0
  const pushing = (async () => {
    for (; pushed < 64; pushed++) await link.push(piece)
    link.end()
  })()
  let bytes = 0
  let ahead = 0
  for await (const back of link.source) {
    bytes += back.length
    ahead = Math.max(ahead, pushed - bytes / piece.length)
  }
  await pushing
  t.equal(bytes, 64 * piece.length)
  t.ok(ahead < 40, `never far ahead of the reader: ${ahead} of 64 pieces`)
  await down.run()
})

test('leaving a duplex call early ends it at the far side; a thousand of them leave nothing behind', async (t) => {
  const down = new Teardown()
  const { remote } = await chat(down)
  for (let n = 0; n < 1500; n++) {
    const link = remote.chat.echo()
    await link.push({ say: String(n) })
    for await (const { said } of link.source) {
      if (said !== `tracked: ${n}`) t.fail(said)
      break
    }
  }
  t.equal((await remote.roster()).length, 10, 'the connection still answers')
  await down.run()
})

test('a duplex call that is not let in, given up, or sent what does not fit', async (t) => {
  const down = new Teardown()
  const a = await down.host()
  const b = await down.host({ plugins: [bandPlugin] })
  const remote = (await a.connect(addressOf(b))).remote(bandContract)
  const first = async (source: AsyncIterable<unknown>) => source[Symbol.asyncIterator]().next()
  t.equal(await codeOf(first(remote.chat.pipe().source)), 'NOT_ALLOWED')

  const gaveUp = new AbortController()
  const link = remote.chat.echo({}, { signal: gaveUp.signal })
  await link.push({ say: 'hello' })
  gaveUp.abort()
  t.equal(await codeOf(drain(link.source)), 'CANCELLED')
  t.equal(await codeOf(link.push({ say: 'more' })), 'CANCELLED')

  const wrong = remote.chat.echo()
  await wrong.push({ say: 7 as unknown as string })
  t.equal(await codeOf(first(wrong.source)), 'RESULT_INVALID', 'the handler checks what is pushed')
  await down.run()
})
