import { gossipContract } from '../../plugins/gossip/index.ts'
import { blobsContract } from '../../plugins/blobs/index.ts'
import { codeOf } from '../helpers/hosts.ts'
import { e2e, meet } from '../helpers/node-kit.ts'
import { until } from '../helpers/until.ts'

e2e('gossip and blobs are opened once, by the side that dialled, and not over the local socket', async (t, kit) => {
  const ada = await kit.node()
  const ben = await kit.node()
  await meet(ada, ben)
  for (const [what, link] of [
    ['gossip, by the side that was dialled', ada.linkTo(ben).remote(gossipContract).gossip.link()],
    ['gossip, twice', ben.linkTo(ada).remote(gossipContract).gossip.link()],
    ['gossip, locally', ada.ask(gossipContract).gossip.link()],
    ['blobs, by the side that was dialled', ada.linkTo(ben).remote(blobsContract).blobs.link()],
    ['blobs, twice', ben.linkTo(ada).remote(blobsContract).blobs.link()],
    ['blobs, locally', ada.ask(blobsContract).blobs.link()],
  ] as const) {
    t.equal(await codeOf(readAll(link.source)), 'LINK_UNWANTED', what)
  }
  const said = await ben.write({ type: 'public_note', text: 'still here' })
  await until('the link that is wanted goes on', async () => (await ada.feeds.store.head(ben.id))?.key === said.key)
})

async function readAll(source: AsyncIterable<unknown>): Promise<number> {
  let count = 0
  for await (const item of source) if (item !== undefined) count++
  return count
}
