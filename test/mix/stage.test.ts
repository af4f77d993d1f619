import test from 'tape'
import { SAMPLE_RATE } from '../../lib/base/index.ts'
import { LocalRunner, PlayerMix, type GroupRunner } from '../../lib/mix/index.ts'
import { Stage } from '../../lib/mix/stage.ts'
import { archiveFrom, sineWat, specOf } from '../helpers/mix.ts'

/** A runner that says it has so much to do. */
class Loaded extends LocalRunner {
  taking = 0
  override get load(): number {
    return this.taking
  }
}

async function stageOf(runners: readonly GroupRunner[]): Promise<(name: string, second: number) => number> {
  const { archive } = await archiveFrom(sineWat())
  const stage = new Stage(runners)
  const mix = new PlayerMix()
  return (name, second) => {
    const strip = mix.strip(specOf(archive, name), { params: [] })
    const performer = stage.enter(strip, second * SAMPLE_RATE)
    return performer ? runners.indexOf(performer.runner) : -1
  }
}

test('instances spread evenly where nothing is measured', async (t) => {
  const enter = await stageOf([new LocalRunner(), new LocalRunner()])
  t.deepEqual(
    [0, 0, 0, 9, 9].map((second, i) => enter(`i${i}`, second)),
    [0, 1, 0, 1, 0],
  )
  t.end()
})

test('an instance goes to whoever has the least to do, by what it takes and by who has just entered', async (t) => {
  const [a, b] = [new Loaded(), new Loaded()]
  const enter = await stageOf([a, b])
  t.deepEqual([enter('w', 0), enter('x', 0)], [0, 1])
  a.taking = 0.3
  b.taking = 0.1
  t.deepEqual([enter('y', 1), enter('z', 1)], [1, 0], 'b has room for one like the others, then a is as good')
  b.taking = 0.25
  t.equal(enter('q', 2), 1)
  t.end()
})
