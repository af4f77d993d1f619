/**
 * Every failure has one code. A code's text says what kind of failure it is; an error's message says what is wrong
 * in this case and what to do about it. docs/errors.md lists the same table; a test holds the two together.
 */
export const CODES = {
  // base
  NAME_INVALID: 'a name breaks the rule: 1 to 64 of a-z 0-9 . _ - starting with a letter or digit',
  ID_INVALID: 'text that should be an identity, entry key, blob id, jam or generator is none',
  USAGE: 'the command line or the arguments of a call are wrong',
  PREFIX_AMBIGUOUS: 'the beginning of an id that was given fits several',
  CANCELLED: 'the caller gave up or the other side closed',
  CLOSED: 'used after it was closed',
  INTERNAL: 'a fault of the program; details are in the log of the node it happened on',
  // sink
  SINK_UNKNOWN: 'text that should name a sink names none',
  SINK_UNAVAILABLE:
    'a sink cannot be opened here: no card, a missing program or package, or a folder that cannot be written',
  SINK_LOST: 'a sink took no more sound while playing; the jam goes on silently',
  // engine
  TAKE_UNWRITABLE: 'a take cannot be written, or not whole',
  TAKE_INCOMPLETE: 'a take, or what is here, cannot give again what was heard',
  CREDITS_INVALID: 'a file is no credits, or a field of it does not have the shape it must have',
  CREDITS_FALSE: 'credits say what entries, archives or the render do not',
  FILE_INVALID: 'a file that was given is not of the kind that is needed',
  FILE_UNWRITABLE: 'a file that was asked for cannot be written',
  FOLDER_MISSING: 'a folder that should be read is not there, or is no folder',
  FOLDER_EXISTS: 'a folder that should be made is there already, and not empty',
  GENERATOR_MISSING: 'a score needs an archive that is not here, damaged, or not allowed to run',
  FORK_INCOMPLETE: 'a jam that was forked begins with entries that are not here, or do not count',
  FORK_TOO_LARGE: 'a jam cannot be forked at a bar: more plays there than one entry can name',
  BAR_AHEAD: 'a jam has not come to a bar yet',
  ENGINE_LOST: 'the sound engine, a process of its own, ended or could not be started',

  // keys
  KEYS_UNREADABLE: 'the file of the secret key cannot be read or made',
  KEYS_EXPOSED: 'others than its owner may read or write the file of the secret key',
  KEYS_CORRUPT: 'the file of the secret key holds no whole key pair',
  KEYS_PRESENT: 'a home has a secret key already, or the database of another player',
  BOX_RECIPIENTS: 'a payload is encrypted to 1 to 7 identities',

  // entry: bytes
  ENTRY_TOO_SHORT: 'fewer bytes than a signature and a text need',
  ENTRY_TOO_LARGE: 'above 15,360 bytes, or above 14,848 for a fresh one',
  ENTRY_BOM: 'an entry starts with a byte order mark',
  ENTRY_UTF8: 'the text of an entry is not well-formed UTF-8',
  ENTRY_JSON: 'the text of an entry is not a JSON object',
  ENTRY_SPACE: 'the text of an entry has a space outside strings',
  ENTRY_SURROGATE: 'a string has an escape that is half of a surrogate pair',
  ENTRY_DUPLICATE_KEY: 'an object has a key twice',
  ENTRY_PROTO_KEY: 'an object has the key __proto__',
  ENTRY_TOO_DEEP: 'objects and arrays nest deeper than 16',
  ENTRY_NUMBER: 'a number has more than 17 significant digits or is not finite',
  ENTRY_KEYS: 'an entry has not exactly its five keys in their order, written plainly',
  ENTRY_IDENTITY: 'the identity of an entry is none',
  ENTRY_PARENT: 'the parent of an entry is neither an entry key nor null',
  ENTRY_COMPARABLE: 'the comparable of an entry is no whole number from 1 to below 2^53, written plainly',
  ENTRY_SYNOD: 'the synod of an entry is neither null nor an identity and an entry key',
  ENTRY_PAYLOAD: 'the payload of an entry is neither an object with a type nor a string ending in .box',
  ENTRY_SIGNATURE: 'the signature of an entry does not verify',
  CLOCK_BEHIND_FEED: 'the feed is more than 10 minutes ahead of the clock: the clock is wrong',

  // entry: payloads
  PAYLOAD_INVALID: 'a payload does not have the shape of its type',
  PAYLOAD_UNKNOWN: 'an author may not write a type of payload that this version does not know',
  PAYLOAD_NOT_ENCRYPTED: 'a payload of a type that only counts encrypted stands in clear',
  AGAIN_NOT_EARLIER: 'an again whose original is not earlier than it',
  AGAIN_WRAPS: 'an again that wraps an again or a rebase',
  // peers, invites
  INVITE_MALFORMED: 'text that should be an invite code is none, or a character of it is wrong or missing',
  INVITE_NETWORK: 'an invite code is for nodes with another network key',
  INVITE_OWN: 'an invite code was made by this very player',
  INVITE_EXPIRED: 'an invite is past its time',
  INVITE_USED_UP: 'an invite has been used as often as it may be',
  INVITE_REVOKED: 'an invite was taken back by its inviter',
  INVITE_UNKNOWN: 'no invite of this node is meant',
  INVITE_FORGED: 'the key of an invite did not sign for this player',
  INVITES_FULL: 'a node keeps as many invites as it may keep',
  INVITES_UNREADABLE: 'the file of the invites of a home cannot be read or written',
  // host
  CONTRACT_INVALID: 'a contract has a name or a shape that cannot travel',
  ARGUMENTS_INVALID: 'the arguments of a call do not fit its contract',
  RESULT_INVALID: 'a result or item does not fit its contract, or cannot travel',
  VALUE_TOO_LARGE: 'a value is larger than one packet may be',
  METHOD_UNKNOWN: 'the node called has no such method of that kind',
  NOT_ALLOWED: 'the caller may not call this method',
  RATE_LIMITED: 'a stranger called a method too often, or a player broke a rule: wait a little',
  TOO_MANY_CALLS: 'too many calls are open on one connection',
  STREAM_LIMIT: 'a stream came to the most that one call may give',
  STREAM_OVERRUN: 'the other side sent more than it had credit for',
  CONNECTION_OVERRUN: 'the other side does not read what it asked for',
  PROTOCOL_INVALID: 'the other side sent bytes that are no muxrpc',
  REMOTE_ERROR: 'the other node answered with an error that this version does not know',
  ADDRESS_INVALID: 'text that should be an address is none',
  CONNECT_REFUSED: 'nothing listens at the address',
  CONNECT_TIMEOUT: 'the address did not answer in time',
  CONNECT_FAILED: 'the address cannot be reached',
  HANDSHAKE_FAILED: 'the other side is another player, on another network, or hung up during the handshake',
  HANDSHAKE_TIMEOUT: 'the handshake took too long',
  CONNECTION_LOST: 'the connection ended without a goodbye',
  CONNECTION_DEAD: 'the other side stopped answering',
  CONNECTION_REPLACED: 'another connection to the same player took its place',
  CONNECTION_HELD: 'the player is connected already, by a connection that is young and answers',
  CONNECTIONS_FULL: 'the node has as many connections as it may have',
  PLAYER_BLOCKED: 'the player is blocked here',
  LISTEN_FAILED: 'the node cannot listen at an address',
  SOCKET_IN_USE: 'another node listens on this home already',
  SOCKET_UNSAFE: 'the directory of the local socket belongs to somebody else or is open to others',
  NODE_NOT_RUNNING: 'no node runs on this home',
  PLUGIN_TWICE: 'two plugins have one name',
  NEEDS_MISSING: 'a plugin needs one that is not loaded',
  NEEDS_CIRCULAR: 'plugins need each other in a circle',
  METHOD_TWICE: 'two plugins offer the same method',
  OPTIONS_INVALID: "a plugin's options do not fit its schema",
  PLUGIN_FAILED: 'a plugin could not start or stop',

  // feed
  RUN_SIZE: 'a run of entries is empty, or has more than 4,096 entries or 16 MiB',
  FEED_IDENTITY: 'an entry of a run is of another identity than its feed',
  FEED_PARENT: 'an entry does not name the one before it as its parent',
  FEED_COMPARABLE: 'the comparable of an entry is not above that of the one before it',
  FEED_ENDED: 'more than 256 entries in a row have no signature that verifies: the feed ends before them',
  // feed, rewriting
  REBASE_UNKNOWN: "an entry to drop is not in one's own feed",
  REBASE_FOREIGN: "an entry to drop is in another player's feed",
  REBASE_NOTHING: 'a feed was to be rewritten without any change',
  REBASE_STUCK: 'an entry that has to follow on a rebase is too large to be published again',
  FEED_RESTORED: 'the own feed may be older than what other nodes have of it: nothing is published on it yet',

  // store
  FEED_GAP: 'a run follows on an entry that is not here',
  FEED_TOO_FORKED: 'a feed has forked more often than this node keeps track of',
  FUTURE_FULL: 'too many entries ahead of the clock are held, all of them nearer than this one',
  DISCARD_OWN: "one's own feed was to be deleted so that it is drawn anew",
  DISCARD_UNSURE: 'what is here of a feed was to be deleted, and no connected peer says that it has all of it',
  DISCARD_NOTHING: 'nothing of the feed is here',
  STORE_BUSY: 'too many entries wait to be written',
  STORE_WRITE: 'the database did not take a write: the disk is full or failing',
  STORE_FORMAT: 'the database was written by another version of the program',
  STORE_CORRUPT: 'a row of the database is not what was written',
  STORE_HEAD: 'the head of a feed is not its last entry',
  STORE_INDEX: 'an index and the entries do not agree',
  HOME_INVALID: 'the home folder cannot be used: no folder, not ours, or not writable',
  HOME_LOCKED: 'another process has this home open',
  CONFIG_INVALID: 'config.json has an unknown key, a wrong value, or is no JSON',
  SOCKET_FOLDER: 'the folder for the local socket is open to others or not ours',
  // players
  PLAYER_UNKNOWN: 'nobody known here has that name, short id or identity',
  PLAYER_AMBIGUOUS: 'several players known here have that name',

  // jam
  BAR_PASSED: 'the bar asked for is over or too near to be reached',
  JAM_UNKNOWN: 'no start entry of this jam is here',
  JAM_STARTED: 'a jam of this name was started before by the same player; a name is never used again',
  JAM_TOO_LARGE: 'a player has published more in one jam than counts, or a jam has more entries than a bundle holds',
  STARTER_ONLY: 'only the starter of a jam may do this',
  NOT_MEMBER: 'its signer is no member of the jam at the position of the entry',
  GENERATOR_FOREIGN: 'a play asks for a generator of another player',
  GENERATOR_UNPUBLISHED: 'the feed of the signer of a play holds no generator entry with this name and archive',
  INSTANCE_TAKEN: 'an earlier play of the same player uses this instance id',
  INSTANCE_UNKNOWN: 'a stop or param names an instance that no play of its player starts',
  STOP_LATER: 'an earlier stop of the same instance counts',
  AFTER_END: 'an entry stands at or after the end of the jam',
  SCORE_TOO_LONG: 'a score lasts longer than six hours',
  TAKE_INVALID: 'a line of a take cannot be read',

  // generators: archives
  ARCHIVE_CORRUPT: 'an archive is damaged, cut off, or has something after its end',
  ARCHIVE_TOO_LARGE: 'an archive holds more than 64 MiB',
  ARCHIVE_TOO_MANY_FILES: 'an archive holds more than 1,000 files',
  ARCHIVE_PATH_REFUSED: 'a path in an archive is absolute, leads out of it, or is not plain',
  ARCHIVE_ENTRY_REFUSED: 'an archive holds a link, a device or another thing that is no plain file',
  ARCHIVE_DUPLICATE: 'an archive holds one path twice',

  // generators: manifests and modules
  MANIFEST_MISSING: 'an archive has no generator.json',
  MANIFEST_INVALID: 'a generator.json does not have the shape it must have',
  GENERATOR_ENTRY_MISSING: 'an archive does not hold the file that its generator.json names as its entry',
  ENGINE_UNKNOWN: 'a jam is made for an engine that came after this version',
  PATTERN_TEXT: 'the text of a pattern cannot be played as it is written',
  WASM_MALFORMED: 'a module cannot be parsed',
  WASM_INVALID: 'a module parses but its types do not fit together',
  WASM_LIMIT: 'a module is larger than a generator may be',
  WASM_SECTION_REFUSED: 'a module has a start function or a section that generators may not have',
  WASM_TYPE_REFUSED: 'a module uses a type other than i32, i64, f32 and f64',
  WASM_OPCODE_REFUSED: 'a module uses an instruction that generators may not use',
  WASM_IMPORT_REFUSED: 'a module imports what generators are not given',
  WASM_SIGNATURE_REFUSED: 'a module imports or exports a function of the ABI with other types',
  WASM_MEMORY_REFUSED: "a module's memory is missing, too large, or its minimum is not its maximum",
  WASM_TABLE_REFUSED: "a module's function table is too large or not fixed",
  WASM_EXPORT_MISSING: 'a module does not export what the ABI requires',

  // generators: instances
  GENERATOR_TRAPPED: 'an instance did what ends it, such as reaching outside its memory',
  GENERATOR_RAN_AWAY: 'an instance took more steps than it may',
  GENERATOR_FAILED: 'an instance said that it failed',
  GENERATOR_NO_MEMORY: 'this machine lacks the memory that an instance needs',
  // generators: processes
  GENERATOR_NOT_ALLOWED: 'a generator runs as a process, and nobody has allowed that here',
  SANDBOX_MISSING: 'bubblewrap, which process generators run under, is not here or too old',
  SANDBOX_FORBIDDEN: 'the system does not let bubblewrap build its walls',
  SANDBOX_UNSUPPORTED: 'process generators do not run on this system or processor',
  // plugins
  GENERATOR_UNKNOWN: 'no generator of that name or blob id is published in the feeds that are here',
  GENERATOR_AMBIGUOUS: 'several generators have that name: say whose',
  JAM_NOT_NAMED: 'no jam was named and none has been joined',
  JAM_AMBIGUOUS: 'several jams have that name: say whose',
  JAM_NAME_USED: 'a name of a jam is never used again by the same starter',
  INSTANCE_AMBIGUOUS: 'an instance of that name is not running, or has several players: name one of your own',
  SCENE_UNKNOWN: "no scene of one's own mix has that name",
  SCENES_FULL: 'as many scenes are kept as may be, or one has more settings than it may have',
  PARAM_INVALID: 'a generator has no parameter of that name, or its parameter does not go that far',
  INSTANCE_OVER: 'nothing comes of a play, stop or param: its instance is over by then',
  SUPERSEDED: 'nothing comes of a tag or param: a newer one holds already',
  PLAYS_AHEAD: 'too many entries of one player were sent ahead and have not come in its feed',
  PLAY_NOT_CALLERS: 'the entry sent with play is not signed by the caller, or changes nothing that sounds',
  SKETCH_TAKEN: 'a generator is tried out under that name already, or as many are as may be',
  SKETCH_UNKNOWN: 'no generator is tried out under that name',
  NOT_SOUNDING: 'this node does not sound that jam: start it with --jam, or join it',
  // blobs
  BLOB_UNKNOWN: 'a blob is not here',
  BLOB_TOO_LARGE: 'a blob has more bytes than may be taken',
  BLOB_HASH_MISMATCH: 'bytes are not those of the blob that they were said to be; none of them was kept',
  BLOB_CORRUPT: 'a blob on disk has other bytes than its name says',
  BLOB_UNAVAILABLE: 'nobody who is connected gave the blob in time',
  BLOB_WANTS_FULL: 'too many blobs are wanted at once',
  BLOB_FILE: 'the file that is to become a blob, or to get its bytes, cannot be used',
  BLOB_IN_USE: 'a blob that is to be removed is being fetched or read',
  BLOB_QUOTA: 'there is no room for the blob within the quota: what is pinned leaves none',
  BLOB_WRITE: 'a blob could not be written: the disk is full, failing or not ours',

  // bundle
  BUNDLE_UNREADABLE: 'the file of a bundle is not there, is no plain file, or may not be read',
  BUNDLE_FOREIGN: 'a file is no bundle',
  BUNDLE_VERSION: 'a bundle is of a version that this program does not read',
  BUNDLE_MANIFEST: 'the manifest of a bundle does not have the shape it must have',
  BUNDLE_TRUNCATED: 'a bundle ends before everything that its manifest names',
  BUNDLE_LAYOUT: 'a bundle holds something else than its manifest names, or in another order',
  BUNDLE_FEED: 'a feed in a bundle is not the one that its manifest names',
  BUNDLE_SCORE: 'the entries of a bundle do not make the score that its manifest names',
  BUNDLE_INCOMPLETE: 'a bundle lacks an archive that its own jam plays',
  BUNDLE_TOO_LARGE: 'a bundle holds, or would hold, more than one may',
  BUNDLE_EMPTY: 'there is no entry to put into a bundle',
  BUNDLE_CHANGED: 'a feed was rewritten by its author while it was being exported',
  BUNDLE_EXISTS: 'the file that a bundle should be written to is there already',
  BUNDLE_WRITE: 'a bundle could not be written: the disk is full, failing, or the folder is not ours',

  // mix
  GENERATOR_TOO_SLOW: 'a block of an instance took longer than the wall-clock guard allows',
  GENERATOR_LOST: 'the thread that rendered an instance ended, which is no fault of the generator',
  MIX_REFUSED:
    'an instance could not be started: its archive is missing, its player or all have as many as may sound, or others of its player took too long to start',
  // gossip
  LINK_UNWANTED:
    'gossip or blobs was opened by the wrong side of a connection, a second time, or over the local socket',
} as const

export type ErrorCode = keyof typeof CODES

/** The one error class. `message` says what is wrong and what to do; stacks and file paths never cross the wire. */
export class MarmaladeError extends Error {
  readonly code: ErrorCode

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'MarmaladeError'
    this.code = code
  }
}

/** Whether something thrown carries the code asked for. */
export const hasCode = (error: unknown, code: ErrorCode): error is MarmaladeError =>
  error instanceof MarmaladeError && error.code === code

/** A refusal that the caller must branch on: returned, never thrown. */
export interface Refusal {
  readonly code: ErrorCode
  readonly message: string
}
export const refusal = (code: ErrorCode, message: string): Refusal => ({ code, message })
