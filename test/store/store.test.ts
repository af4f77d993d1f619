import test from 'tape'
import { inFolder, inSublevel } from '../helpers/stores.ts'
import { storeChainsSuite } from '../suites/store-chains.ts'
import { storeReadingSuite } from '../suites/store-reading.ts'
import { storeSuite } from '../suites/store.ts'

for (const kind of [inFolder, inSublevel]) {
  storeSuite(test, kind)
  storeChainsSuite(test, kind)
  storeReadingSuite(test, kind)
}
