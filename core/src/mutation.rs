//! Mutates request bodies, for tests that compare two parsers. A seed makes the bodies reproducible.

/// What mutations insert: tokens, and single bytes that change the meaning of others.
const TOKENS: &[&[u8]] = &[
    b"[",
    b"]",
    b"{",
    b"}",
    b",",
    b":",
    b"\"",
    b"\\",
    b" ",
    b"\n",
    b"\t",
    b"0",
    b"-",
    b".",
    b"e",
    b"1e400",
    b"00",
    b"null",
    b"true",
    b"\\u",
    b"\\ud83d",
    b"\\ude00",
    b"\\u0041",
    b"\\n",
    b"\xff",
    b"\xc3\xa9",
    b"\xed\xa0\x80",
    b"\xe3\x80\x80",
    b"\0",
    b"\x7f",
    b"\"record_id\"",
    b"\"parameter_1\":",
    b"\"parameter_2\":1,",
    b"[[[[",
    b"{\"a\":{",
    b"99999999999999999999999999999999999999",
    b"\"\"",
    b"/",
    b"{\"record_id\":\"a\",\"parameter_1\":\"x\",\"parameter_2\":1},",
];

const BODIES: [&[u8]; 11] = [
    br#"[{"record_id":"unique_id_1","parameter_1":"abc","parameter_2":4},{"record_id":"b","parameter_1":" d\u00e9f","parameter_2":-2.10}]"#,
    br#" [ {"parameter_2" : 1e-7, "record_id" : "A.b:c-d_e", "parameter_1" : "\ud83d\ude00 x"} ] "#,
    br#"[{"record_id":"a","x":[{"y":[]}],"parameter_1":"","parameter_2":"1"},7,{"record_id":"a"}]"#,
    // Orders that match a template: compact, spaced, and learned from the first two.
    br#"[{"record_id":"a","parameter_1":"x","parameter_2":1},{"record_id":"b","parameter_1":"x","parameter_2":1},{"record_id":"c","parameter_1":"x","parameter_2":1},{"record_id":"d","parameter_1":"x","parameter_2":1}]"#,
    br#"[{"record_id": "a", "parameter_1": "x", "parameter_2": 1}, {"record_id": "b", "parameter_1": "x", "parameter_2": 1}, {"record_id": "c", "parameter_1": "x", "parameter_2": 1}]"#,
    b"[ {\"record_id\" :\"a\",\n\"parameter_1\" :\"\xc3\xa9\",\n\"parameter_2\" :1 },\n{\"record_id\" :\"b\",\n\"parameter_1\" :\"y\",\n\"parameter_2\" :2 },\n{\"record_id\" :\"c\",\n\"parameter_1\" :\"z\",\n\"parameter_2\" :3 },\n{\"record_id\" :\"d\",\n\"parameter_1\" :\"z\",\n\"parameter_2\" :4 }]",
    br#"[{"parameter_1":"x","parameter_2":1,"record_id":"a"},{"parameter_1":"x","parameter_2":1,"record_id":"b"},{"parameter_1":"x","parameter_2":1,"record_id":"c"},{"parameter_1":"x","parameter_2":1,"record_id":"d"}]"#,
    // An order that ends with a string before orders that end with a number, one of them with a quote after it.
    br#"[{"parameter_1":"x","parameter_2":1,"record_id":"a"},{"record_id":"b","parameter_1":"x","parameter_2":1},{"record_id":"c","parameter_1":"x","parameter_2":1"},{"record_id":"d","parameter_1":"x","parameter_2":1}]"#,
    // The bytes between two values include a member, so that they are not a delimiter.
    br#"[{"record_id":"a","x":1,"parameter_1":"x","parameter_2":1},{"record_id":"b","x":1,"parameter_1":"x","parameter_2":1},{"record_id":"c","x":1,"parameter_1":"x","parameter_2":1}]"#,
    br#"[{"parameter_1":"x","parameter_2":1,"record_id":"x"},{"record_id":"a","parameter_1":"x","parameter_2":1},{"record_id":"b","parameter_1":"x","parameter_2":1,"record_id":"x"},{"record_id":"c","parameter_1":"x","parameter_2":1}]"#,
    br#"[{"record_id":"a","parameter_1":"x","parameter_2":1},1,{"record_id":"b","parameter_1":"x","parameter_2":1},{"record_id":"c","parameter_1":"x","parameter_2":1},1,{"record_id":"d","parameter_1":"x","parameter_2":1}]"#,
];

/// Calls `check` with a number of bodies, each with up to six mutations.
pub(crate) fn for_each_body(count: u32, seed: u64, mut check: impl FnMut(&[u8])) {
    let mut state = seed;
    let mut next = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    let mut body = BODIES[0].to_vec();
    for round in 0..count {
        if round % 6 == 0 {
            body = BODIES[next(BODIES.len())].to_vec();
        }
        let at = next(body.len() + 1);
        match next(4) {
            0 => drop(body.splice(at..at, TOKENS[next(TOKENS.len())].iter().copied())),
            1 => drop(body.drain(at..(at + 1 + next(6)).min(body.len()))),
            2 => {
                if let Some(byte) = body.get_mut(at) {
                    *byte = TOKENS[next(TOKENS.len())][0];
                }
            }
            _ => {
                let (from, length) = (next(body.len() + 1), next(60));
                let copy = body[from..(from + length).min(body.len())].to_vec();
                drop(body.splice(at..at, copy));
            }
        }
        check(&body);
    }
}
