/** Bytes as text, for comparisons that can be read. */
export function hex(bytes) {
    return Buffer.from(bytes).toString('hex');
}
