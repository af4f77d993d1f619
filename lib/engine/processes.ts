import type { Frozen, Jump, KeptSaying } from '../generators/process/node/frozen-source.ts'
import type { KeptPcm } from '../generators/process/node/freeze.ts'
import type { Saying } from '../generators/process/types.ts'
import type { Take, TakeRecord } from '../jam/index.ts'
import type { VoiceFailure } from '../generators/index.ts'

/** The folder beside a take for what was heard of processes: `<take>.pcm`. */
export const pcmFolderOf = (takeFile: string): string => `${takeFile}.pcm`

export const pcmRecord = (kept: KeptPcm): TakeRecord => ({ kind: 'pcm', ...kept })

export const saidRecord = ({ frame, path, said }: KeptSaying): TakeRecord => ({
  kind: 'said',
  frame,
  path,
  said: JSON.stringify(said),
})

/** What a take kept of its processes, to be heard in their place: no process runs then, and none has to be allowed. */
export function frozenOf(take: Pick<Take, 'records'>, takeFile: string): Frozen {
  const frozen: { kept: KeptPcm[]; jumps: Jump[]; said: KeptSaying[]; failed: Frozen['failed'][number][] } = {
    kept: [],
    jumps: [],
    said: [],
    failed: [],
  }
  for (const record of take.records) {
    if (record.kind === 'pcm') frozen.kept.push(record)
    else if (record.kind === 'clock' && record.to > record.frame) frozen.jumps.push(record)
    else if (record.kind === 'said') frozen.said.push({ ...record, said: JSON.parse(record.said) as Saying })
    else if (record.kind === 'failed') frozen.failed.push({ ...record, code: record.code as VoiceFailure['code'] })
  }
  return { folder: pcmFolderOf(takeFile), ...frozen }
}
