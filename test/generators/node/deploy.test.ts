import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'tape'
import { hasCode } from '../../../lib/base/index.ts'
import { pack, unpack } from '../../../lib/generators/index.ts'
import { deploy } from '../../../lib/generators/node/deploy.ts'
import { readFolder } from '../../../lib/generators/node/folder.ts'
import { fixture, good, textFile } from '../../helpers/generators.ts'

type Code = 'DEPLOY_BLOCKED' | 'ARCHIVE_PATH_REFUSED'

test('an archive is deployed as it was packed, for its owner alone', async (t) => {
  const home = mkdtempSync(join(tmpdir(), 'marmalade-deploy-'))
  const root = join(home, 'jam', 'instance')
  const archive = good(pack(await readFolder(fixture('archive', 'folder'))))
  await deploy(good(unpack(archive)), root)
  t.deepEqual(good(pack(await readFolder(root))), archive, 'packed again it is the same blob')
  t.equal(statSync(join(root, 'play.sh')).mode & 0o777, 0o700)
  t.equal(statSync(join(root, 'tone.raw')).mode & 0o777, 0o600)
  t.equal(statSync(join(root, 'samples')).mode & 0o777, 0o700)
  rmSync(home, { recursive: true })
})

test('nothing that stands there is overwritten or followed', async (t) => {
  const home = mkdtempSync(join(tmpdir(), 'marmalade-deploy-'))
  const outside = join(home, 'outside')
  mkdirSync(outside)
  writeFileSync(join(outside, 'kept'), 'kept')
  const root = join(home, 'root')
  mkdirSync(root)
  symlinkSync(outside, join(root, 'folder'))
  symlinkSync(join(outside, 'new'), join(root, 'dangling'))
  symlinkSync(join(outside, 'kept'), join(root, 'link'))
  writeFileSync(join(root, 'file'), 'first')
  const refused = async (path: string, code: Code): Promise<void> => {
    await deploy([textFile(path, 'evil')], root).then(
      () => t.fail(`${path} was written`),
      (error: unknown) => t.ok(hasCode(error, code), `${path}: ${code}`),
    )
  }
  for (const path of ['folder/x', 'folder', 'dangling', 'link', 'file', 'file/x']) await refused(path, 'DEPLOY_BLOCKED')
  for (const path of ['../x', '/tmp/x', 'a/../../x', '']) await refused(path, 'ARCHIVE_PATH_REFUSED')
  t.equal(readFileSync(join(outside, 'kept'), 'utf8'), 'kept')
  t.notOk(existsSync(join(outside, 'new')) || existsSync(join(outside, 'x')) || existsSync(join(home, 'x')))
  t.equal(readFileSync(join(root, 'file'), 'utf8'), 'first')
  rmSync(home, { recursive: true })
})
