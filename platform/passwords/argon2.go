package passwords

import (
	"encoding/binary"
	"sync"
	_ "unsafe" // for go:linkname

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/blake2b"
)

// argon2.IDKey allocates its memory anew for each hash. With 19 MiB a hash that was most of the memory of a server while
// people sign in. The functions below are those of the library; deriveKey only gives them memory that was used before.

//go:linkname initHash golang.org/x/crypto/argon2.initHash
func initHash(password, salt, key, data []byte, time, memory, threads, keyLen uint32, mode int) [hashBytes]byte

//go:linkname processBlocks golang.org/x/crypto/argon2.processBlocks
func processBlocks(blocks []block, time, memory, threads uint32, mode int)

//go:linkname extractKey golang.org/x/crypto/argon2.extractKey
func extractKey(blocks []block, memory, threads, keyLen uint32) []byte

//go:linkname blake2bHash golang.org/x/crypto/argon2.blake2bHash
func blake2bHash(out, in []byte)

// Names of RFC 9106 §3.2.
const (
	// hashBytes is the size of H0, with room for the two numbers that are hashed after it.
	hashBytes = blake2b.Size + 8
	// syncPoints is the number of slices.
	syncPoints = 4
	// blockBytes is the size of a block.
	blockBytes = 1024
	// argon2id is the number y of the variant.
	argon2id = 2
)

// block is one KiB of the memory of a hash.
type block [blockBytes / 8]uint64

// freeBlocks has the memory of hashes that are done, *[]block with zeros. The collector takes what was not used between
// two of its runs.
var freeBlocks sync.Pool

// deriveKey returns the argon2id key of a password, of size bytes: the same as argon2.IDKey. It takes about 20 ms.
func (c Argon2) deriveKey(password string, salt []byte, size uint32) []byte {
	lanes := uint32(c.Parallel)
	if c.Time < 1 || lanes < 1 {
		return argon2.IDKey([]byte(password), salt, c.Time, c.Memory, c.Parallel, size) // it panics and says why
	}
	h0 := initHash([]byte(password), salt, nil, nil, c.Time, c.Memory, lanes, size, argon2id)
	laneBlocks := syncPoints * max(c.Memory/(syncPoints*lanes), 2)
	blocks := takeBlocks(int(laneBlocks * lanes))
	defer giveBack(blocks)
	for lane := range lanes {
		binary.LittleEndian.PutUint32(h0[blake2b.Size+4:], lane)
		for i := range uint32(2) {
			binary.LittleEndian.PutUint32(h0[blake2b.Size:], i)
			fillBlock(&(*blocks)[lane*laneBlocks+i], h0[:])
		}
	}
	processBlocks(*blocks, c.Time, laneBlocks*lanes, lanes, argon2id)
	return extractKey(*blocks, laneBlocks*lanes, lanes, size)
}

// fillBlock sets one of the first two blocks of a lane (RFC 9106 §3.2, steps 3 and 4).
func fillBlock(b *block, h0 []byte) {
	var raw [blockBytes]byte
	blake2bHash(raw[:], h0)
	for i := range b {
		b[i] = binary.LittleEndian.Uint64(raw[8*i:])
	}
}

// takeBlocks returns n blocks of zeros.
func takeBlocks(n int) *[]block {
	if free, ok := freeBlocks.Get().(*[]block); ok && cap(*free) >= n {
		*free = (*free)[:n]
		return free
	}
	made := make([]block, n)
	return &made
}

// giveBack keeps blocks for the next hash. Nothing of the password stays in them.
func giveBack(blocks *[]block) {
	clear(*blocks)
	if cap(*blocks) <= 2*len(*blocks) { // a hash of a lower cost than others does not hold on to their memory
		freeBlocks.Put(blocks)
	}
}
