/*
 * Three ways to one entry: by identity (a signer of an owner, then the
 * nonce), by arrival (chunk and place in it, which is how entries are
 * written down), and by the second in which it dies (the wheel).
 *
 * An entry is forgotten when its second has been swept; its chunk goes when
 * all its entries are, but for the newest chunk, which says where the next
 * arrival stands. A nonce may be used anew as soon as its request is dead:
 * the old entry is then forgotten at once and only waits to be swept.
 */
#include "engine/nonce.h"
#include "engine/changes.h"
#include "engine/pool.h"

#define WHEEL 131072u /* seconds; longer than a request may live */
/* Of the node's chunks, the share (one in so many) that only cancels,
 * reductions and revocations may open. */
#define CHUNKS_RESERVED 16

STATIC_CHECK(WHEEL > REQUEST_LIFE_MAX / NANOS_PER_SECOND + 2);

/* An owner's key with live requests. */
struct signer {
    struct address owner, signer;
    uint32_t live;
    uint32_t next_free;
};

struct chunk {
    uint64_t number;
    uint32_t count;          /* arrived */
    uint32_t kept;           /* not yet swept */
    uint32_t next, previous; /* by number */
};

struct nonces {
    struct nonce *entries; /* chunk slot * NONCE_CHUNK + place */
    uint32_t *signer_of;   /* by entry: signer slot, NONE when forgotten */
    struct signer *signers;
    struct chunk *chunks;
    uint32_t *wheel; /* entry + 1; 0: none */
    struct pool signer_pool, chunk_pool;
    struct idmap signer_map, entry_map, chunk_map;
    uint32_t oldest, newest; /* chunks, NONE: there is none */
    int64_t swept;           /* every second before this one is */
    uint32_t live;
};

struct sizes {
    size_t entries, signer_of, signers, chunks, wheel, signer_map, entry_map,
        chunk_map, total;
};

#define LINE 64
#define STRIDE(type) (sizeof(struct type) / sizeof(uint32_t))

static size_t room(struct sizes *sizes, size_t count, size_t size)
{
    size_t at = sizes->total;

    sizes->total += (count * size + LINE - 1) / LINE * LINE;
    return at;
}

uint32_t nonce_chunk_capacity(uint32_t nonces)
{
    return nonces / NONCE_CHUNK;
}

static struct sizes sizes_of(const struct genesis *genesis)
{
    struct sizes sizes = {0};
    uint32_t chunks = nonce_chunk_capacity(genesis->capacities.nonces);
    uint32_t entries = chunks * NONCE_CHUNK;

    room(&sizes, 1, sizeof(struct nonces));
    sizes.entries = room(&sizes, entries, sizeof(struct nonce));
    sizes.signer_of = room(&sizes, entries, sizeof(uint32_t));
    sizes.signers = room(&sizes, entries, sizeof(struct signer));
    sizes.chunks = room(&sizes, chunks, sizeof(struct chunk));
    sizes.wheel = room(&sizes, WHEEL, sizeof(uint32_t));
    sizes.signer_map =
        room(&sizes, idmap_capacity(entries), sizeof(struct idmap_entry));
    sizes.entry_map =
        room(&sizes, idmap_capacity(entries), sizeof(struct idmap_entry));
    sizes.chunk_map =
        room(&sizes, idmap_capacity(chunks), sizeof(struct idmap_entry));
    return sizes;
}

size_t nonce_footprint(const struct genesis *genesis)
{
    return sizes_of(genesis).total;
}

static int64_t second_of(struct nanos time)
{
    return nanos_raw(time) / NANOS_PER_SECOND;
}

static void init_map(struct idmap *map, uint8_t *place, uint32_t pool)
{
    idmap_init(map, (struct idmap_entry *)(void *)place, idmap_capacity(pool));
}

struct nonces *nonce_init(void *memory, const struct genesis *genesis)
{
    struct nonces *nonces = memory;
    struct sizes sizes = sizes_of(genesis);
    uint32_t chunks = nonce_chunk_capacity(genesis->capacities.nonces);
    uint32_t entries = chunks * NONCE_CHUNK;
    uint8_t *block = memory;

    nonces->entries = (void *)(block + sizes.entries);
    nonces->signer_of = (void *)(block + sizes.signer_of);
    nonces->signers = (void *)(block + sizes.signers);
    nonces->chunks = (void *)(block + sizes.chunks);
    nonces->wheel = (void *)(block + sizes.wheel);
    pool_init(&nonces->signer_pool, entries);
    pool_init(&nonces->chunk_pool, chunks);
    init_map(&nonces->signer_map, block + sizes.signer_map, entries);
    init_map(&nonces->entry_map, block + sizes.entry_map, entries);
    init_map(&nonces->chunk_map, block + sizes.chunk_map, chunks);
    nonces->oldest = nonces->newest = NONE;
    nonces->swept = second_of(genesis->start_time);
    return nonces;
}

/* ---- signers ------------------------------------------------------------- */

static uint32_t signer_hash(const struct address *owner,
                            const struct address *signer)
{
    struct address both[2] = {*owner, *signer};

    /* Mostly the owner signs. */
    if (address_equal(owner, signer))
        return idmap_hash_bytes(owner, sizeof *owner);
    return idmap_hash_bytes(both, sizeof both);
}

static uint32_t signer_find(const struct nonces *nonces,
                            const struct address *owner,
                            const struct address *signer)
{
    uint32_t hash = signer_hash(owner, signer), slot;
    uint32_t cursor = idmap_first(&nonces->signer_map, hash);

    while ((slot = idmap_next(&nonces->signer_map, hash, &cursor)) != NONE)
        if (address_equal(&nonces->signers[slot].signer, signer) &&
            address_equal(&nonces->signers[slot].owner, owner))
            break;
    return slot;
}

/* A new one; there is room: no more signers than entries. */
static uint32_t signer_open(struct nonces *nonces, const struct address *owner,
                            const struct address *signer)
{
    uint32_t slot = pool_take(&nonces->signer_pool,
                              &nonces->signers[0].next_free, STRIDE(signer));
    check(slot != NONE);
    nonces->signers[slot] = (struct signer){.owner = *owner, .signer = *signer};
    idmap_insert(&nonces->signer_map, signer_hash(owner, signer), slot);
    return slot;
}

static void signer_leave(struct nonces *nonces, uint32_t slot)
{
    struct signer *signer = &nonces->signers[slot];

    check(signer->live > 0);
    if (--signer->live > 0)
        return;
    idmap_remove(&nonces->signer_map,
                 signer_hash(&signer->owner, &signer->signer), slot);
    pool_give(&nonces->signer_pool, &nonces->signers[0].next_free,
              STRIDE(signer), slot);
}

/* ---- entries ------------------------------------------------------------- */

/* A signer's nonces often follow each other; the hash spreads the runs. */
static uint32_t entry_hash(uint32_t signer, uint64_t nonce)
{
    return idmap_hash_u64(nonce + ((uint64_t)signer << 40));
}

static uint32_t entry_find(const struct nonces *nonces, uint32_t signer,
                           uint64_t nonce)
{
    uint32_t hash = entry_hash(signer, nonce), slot;
    uint32_t cursor = idmap_first(&nonces->entry_map, hash);

    while ((slot = idmap_next(&nonces->entry_map, hash, &cursor)) != NONE)
        if (nonces->signer_of[slot] == signer &&
            nonces->entries[slot].nonce == nonce)
            break;
    return slot;
}

/* It can be found no more; its place in chunk and wheel stays. */
static void forget(struct nonces *nonces, uint32_t slot)
{
    uint32_t signer = nonces->signer_of[slot];

    if (signer == NONE)
        return;
    idmap_remove(&nonces->entry_map,
                 entry_hash(signer, nonces->entries[slot].nonce), slot);
    nonces->signer_of[slot] = NONE;
    nonces->live--;
    signer_leave(nonces, signer);
}

/* The entry at the slot is of this signer (NONE: of a new one). */
static void remember(struct nonces *nonces, uint32_t slot, uint32_t signer)
{
    struct nonce *entry = &nonces->entries[slot];
    uint32_t *head = &nonces->wheel[second_of(entry->expires) % WHEEL];

    if (signer == NONE)
        signer = signer_open(nonces, &entry->owner, &entry->signer);

    nonces->signer_of[slot] = signer;
    nonces->signers[signer].live++;
    nonces->live++;
    idmap_insert(&nonces->entry_map, entry_hash(signer, entry->nonce), slot);
    entry->next = *head;
    *head = slot + 1;
    nonces->chunks[slot / NONCE_CHUNK].kept++;
}

/* ---- chunks -------------------------------------------------------------- */

static uint32_t chunk_find(const struct nonces *nonces, uint64_t number)
{
    uint32_t hash = idmap_hash_u64(number), slot;
    uint32_t cursor = idmap_first(&nonces->chunk_map, hash);

    while ((slot = idmap_next(&nonces->chunk_map, hash, &cursor)) != NONE)
        if (nonces->chunks[slot].number == number)
            break;
    return slot;
}

/* Opens a chunk behind `previous` (NONE: as the oldest); NONE: no room. */
static uint32_t chunk_open(struct nonces *nonces, uint64_t number,
                           uint32_t previous)
{
    uint32_t slot =
        pool_take(&nonces->chunk_pool, &nonces->chunks[0].next, STRIDE(chunk));
    uint32_t next;

    if (slot == NONE)
        return NONE;
    next = previous == NONE ? nonces->oldest : nonces->chunks[previous].next;
    nonces->chunks[slot] =
        (struct chunk){.number = number, .next = next, .previous = previous};
    *(previous == NONE ? &nonces->oldest : &nonces->chunks[previous].next) =
        slot;
    *(next == NONE ? &nonces->newest : &nonces->chunks[next].previous) = slot;
    idmap_insert(&nonces->chunk_map, idmap_hash_u64(number), slot);
    return slot;
}

/* Frees the chunk when all its entries are swept and a newer one is there. */
static void chunk_release(struct engine *engine, uint32_t slot)
{
    struct nonces *nonces = engine->nonces;
    struct chunk *chunk = &nonces->chunks[slot];

    if (chunk->kept > 0 || slot == nonces->newest)
        return;
    changes_nonces_gone(engine, chunk->number);
    *(chunk->previous == NONE ? &nonces->oldest
                              : &nonces->chunks[chunk->previous].next) =
        chunk->next;
    nonces->chunks[chunk->next].previous = chunk->previous;
    idmap_remove(&nonces->chunk_map, idmap_hash_u64(chunk->number), slot);
    pool_give(&nonces->chunk_pool, &nonces->chunks[0].next, STRIDE(chunk),
              slot);
}

/* The chunk that the next arrival goes to, opened when needed; NONE: the
 * node has no room for such a request. */
static uint32_t chunk_for_arrival(struct engine *engine, bool is_reserved)
{
    struct nonces *nonces = engine->nonces;
    uint32_t last = nonces->newest, slot;
    uint32_t free = nonces->chunk_pool.capacity - nonces->chunk_pool.count;
    uint32_t spared =
        is_reserved ? 0 : nonces->chunk_pool.capacity / CHUNKS_RESERVED;

    if (last != NONE && nonces->chunks[last].count < NONCE_CHUNK)
        return last;
    if (free <= spared)
        return NONE;
    slot = chunk_open(nonces,
                      last == NONE ? 0 : nonces->chunks[last].number + 1, last);
    if (last != NONE)
        chunk_release(engine, last);
    return slot;
}

/* ---- use ----------------------------------------------------------------- */

static bool is_window_full(const struct nonces *nonces, uint32_t signer,
                           uint32_t replaced, bool is_reserved)
{
    uint32_t most = NONCES_PER_SIGNER - (is_reserved ? 0 : NONCES_RESERVED);

    return signer != NONE &&
           nonces->signers[signer].live - (replaced != NONE) >= most;
}

enum nonce_outcome nonce_use(struct engine *engine,
                             const struct request *request, bool is_reserved,
                             uint64_t *index)
{
    struct nonces *nonces = engine->nonces;
    uint32_t signer = signer_find(nonces, &request->owner, &request->signer);
    uint32_t found =
        signer == NONE ? NONE : entry_find(nonces, signer, request->nonce);
    uint32_t chunk, slot;

    if (found != NONE &&
        nanos_cmp(nonces->entries[found].expires, engine->time) > 0) {
        if (nonces->entries[found].digest != request->digest)
            return NONCE_USED;
        *index = nonces->entries[found].index;
        return NONCE_REPEAT;
    }
    if (is_window_full(nonces, signer, found, is_reserved))
        return NONCE_FULL;
    chunk = chunk_for_arrival(engine, is_reserved);
    if (chunk == NONE)
        return NONCE_FULL;
    slot = chunk * NONCE_CHUNK + nonces->chunks[chunk].count++;
    nonces->entries[slot] = (struct nonce){.owner = request->owner,
                                           .signer = request->signer,
                                           .nonce = request->nonce,
                                           .digest = request->digest,
                                           .index = engine->index,
                                           .expires = request->expires};
    remember(nonces, slot, signer);
    if (found != NONE)
        forget(nonces, found);
    changes_nonces(engine, nonces->chunks[chunk].number);
    return NONCE_FRESH;
}

void nonce_prefetch(const struct engine *engine, const struct request *request)
{
    const struct nonces *nonces = engine->nonces;
    uint32_t signer = signer_find(nonces, &request->owner, &request->signer);

    if (signer != NONE)
        idmap_prefetch(&nonces->entry_map, entry_hash(signer, request->nonce));
}

/* Takes what died in this second out of the wheel. */
static void sweep(struct engine *engine, int64_t second, int64_t now)
{
    struct nonces *nonces = engine->nonces;
    uint32_t *head = &nonces->wheel[second % WHEEL], at = *head;

    *head = 0;
    while (at != 0) {
        uint32_t slot = at - 1, chunk = slot / NONCE_CHUNK;

        at = nonces->entries[slot].next;
        if (second_of(nonces->entries[slot].expires) >= now) {
            /* After a gap of more than a turn of the wheel. */
            nonces->entries[slot].next = *head;
            *head = slot + 1;
            continue;
        }
        forget(nonces, slot);
        nonces->chunks[chunk].kept--;
        chunk_release(engine, chunk);
    }
}

void nonce_expire(struct engine *engine)
{
    struct nonces *nonces = engine->nonces;
    int64_t now = second_of(engine->time);

    if (now - nonces->swept > WHEEL)
        nonces->swept = now - WHEEL;
    for (; nonces->swept < now; nonces->swept++)
        sweep(engine, nonces->swept, now);
}

/* ---- records ------------------------------------------------------------- */

void nonce_each_chunk(const struct engine *engine,
                      void (*visit)(void *ctx, uint64_t chunk), void *ctx)
{
    const struct nonces *nonces = engine->nonces;

    for (uint32_t i = nonces->oldest; i != NONE; i = nonces->chunks[i].next)
        visit(ctx, nonces->chunks[i].number);
}

uint32_t nonce_chunk(const struct engine *engine, uint64_t chunk,
                     const struct nonce **entries)
{
    const struct nonces *nonces = engine->nonces;
    uint32_t slot = chunk_find(nonces, chunk);

    *entries = NULL;
    if (slot == NONE)
        return 0;
    *entries = &nonces->entries[(size_t)slot * NONCE_CHUNK];
    return nonces->chunks[slot].count;
}

bool nonce_load(struct engine *engine, uint64_t chunk,
                const struct nonce *entry)
{
    struct nonces *nonces = engine->nonces;
    uint32_t slot = chunk_find(nonces, chunk), previous = nonces->newest;

    if (slot == NONE) {
        while (previous != NONE && nonces->chunks[previous].number > chunk)
            previous = nonces->chunks[previous].previous;
        slot = chunk_open(nonces, chunk, previous);
    }
    if (slot == NONE || nonces->chunks[slot].count == NONCE_CHUNK)
        return false;
    nonces->entries[(size_t)slot * NONCE_CHUNK + nonces->chunks[slot].count++] =
        *entry;
    return true;
}

/* In the order of arrival, so that a nonce that was used anew after its first
 * request's death is found at its newer entry. */
static void load_entry(struct nonces *nonces, uint32_t slot)
{
    const struct nonce *entry = &nonces->entries[slot];
    uint32_t signer, older = NONE;

    nonces->signer_of[slot] = NONE;
    if (second_of(entry->expires) < nonces->swept)
        return;
    signer = signer_find(nonces, &entry->owner, &entry->signer);
    if (signer != NONE)
        older = entry_find(nonces, signer, entry->nonce);
    remember(nonces, slot, signer);
    if (older != NONE)
        forget(nonces, older);
}

void nonce_load_end(struct engine *engine)
{
    struct nonces *nonces = engine->nonces;
    uint32_t next;

    nonces->swept = second_of(engine->tick_time);
    for (uint32_t i = nonces->oldest; i != NONE; i = nonces->chunks[i].next)
        for (uint32_t at = 0; at < nonces->chunks[i].count; at++)
            load_entry(nonces, i * NONCE_CHUNK + at);
    for (uint32_t i = nonces->oldest; i != NONE; i = next) {
        next = nonces->chunks[i].next;
        chunk_release(engine, i);
    }
}

uint32_t nonce_count(const struct engine *engine)
{
    return engine->nonces->live;
}
