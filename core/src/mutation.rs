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
    b"e5",
    b"E-60",
    b"e+61",
    b".0",
    b"1234567890123456",
    b"                    ",
    b"00",
    b"null",
    b"true",
    b"\\u",
    b"\\ud83d",
    b"\\ude00",
    b"\\u0041",
    b"\\u00b0",
    b"\\u0020",
    b"\\u0085",
    b"\\/",
    b"\\\"",
    b"\\n",
    b"\xff",
    b"\xc3\xa9",
    b"\xed\xa0\x80",
    b"\xe3\x80\x80",
    b"\xc2\xb0",
    b"\xc2\x85",
    b"\xc2",
    b"\xf0\x9f\x98\x80",
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

/// A family of bodies: those that one part of the parser is about.
pub(crate) type Family = &'static [&'static [u8]];

/// Violations of every kind, and orders that match a template or nearly do.
pub(crate) const ORDERS: Family = &[
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

/// Escapes in keys and values; texts at the limits of their length.
pub(crate) const ESCAPES: Family = &[
    br#"[{"record_id":"a\u002db","parameter_1":"Z\u00fcrich","parameter_2":1},{"record_id":"\u0061-b","parameter_1":"x\/y","parameter_2":2},{"record_id":"c\u003A1","parameter_1":"\"\\\"","parameter_2":3}]"#,
    br#"[{"record_id":"a","parameter_1":"\u0447\u0430\u0441 \ud83d\ude00","parameter_2":1},{"record_id":"b","parameter_1":"\u0020\u3000\u00a0","parameter_2":2},{"record_id":"c","parameter_1":"\u00b0","parameter_2":3}]"#,
    br#"[{"record\u005fid":"a","parameter_1":"x","parameter_2":1},{"record\u005fid":"\u0061","parameter_1":"y","parameter_2":1},{"record_id":"b","p\u0061rameter_1":"\u0085","parameter_2":1}]"#,
    br#"[{"record_id":"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\u0041","parameter_1":"x","parameter_2":1}]"#,
    br#"[{"record_id":"a","parameter_1":"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\u00e9\ud83d\ude00","parameter_2":1}]"#,
];

/// Numbers with exponents, and with the most digits that an amount can have.
pub(crate) const NUMBERS: Family = &[
    br#"[{"record_id":"a","parameter_1":"x","parameter_2":1.5e3},{"record_id":"b","parameter_1":"x","parameter_2":-2E+60},{"record_id":"c","parameter_1":"x","parameter_2":0.25e-59},{"record_id":"d","parameter_1":"x","parameter_2":9e125}]"#,
    br#"[{"record_id":"a","parameter_1":"x","parameter_2":0.12345678901234567},{"record_id":"b","parameter_1":"x","parameter_2":1234567890123456},{"record_id":"c","parameter_1":"x","parameter_2":123456789012345.5}]"#,
    br#"[{"record_id":"a","parameter_1":"x","parameter_2":12345678901234567890123456789012345678},{"record_id":"b","parameter_1":"x","parameter_2":-1234567890123456789.0123456789012345678},{"parameter_2":0.00000000000000000000000000000000001,"record_id":"c","parameter_1":"x"}]"#,
    br#"[{"parameter_2":1e0,"record_id":"a","parameter_1":"x"},{"parameter_2":12345678901234567890e-9,"record_id":"b","parameter_1":"x"},{"parameter_2":0e99,"record_id":"c","parameter_1":"x"},{"parameter_2":1e-130,"record_id":"d","parameter_1":"x"}]"#,
];

/// White space of any amount, and several sequences of keys.
pub(crate) const LAYOUTS: Family = &[
    b"[\n    {\n        \"record_id\": \"a\",\n        \"parameter_1\": \"x\",\n        \"parameter_2\": 1\n    },\n    {\n        \"record_id\": \"b\",\n        \"parameter_1\": \"x\",\n        \"parameter_2\": 2\n    },\n    {\n        \"record_id\": \"c\",\n        \"parameter_1\": \"x\",\n        \"parameter_2\": 3\n    }\n]",
    b"[{\"record_id\"                                         :\"a\",\"parameter_1\":\"x\",\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\"parameter_2\":1},\r\n{\"record_id\"                                         :\"b\",\"parameter_1\":\"x\",\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\"parameter_2\":2}]",
    br#"[{"record_id":"a","parameter_1":"x","parameter_2":1},{"parameter_2":1,"parameter_1":"x","record_id":"b"},{"record_id":"c","parameter_1":"x","parameter_2":1},{"parameter_2":1,"parameter_1":"x","record_id":"d"},{"record_id":"e","parameter_1":"x","parameter_2":1},{"parameter_2":1,"parameter_1":"x","record_id":"f"}]"#,
    br#"[{"parameter_1":"x","parameter_2":1,"record_id":"a"},{"record_id":"b","parameter_2":1,"parameter_1":"x"},{"parameter_1":"x","record_id":"c","parameter_2":1},{"parameter_1":"x","parameter_2":1,"record_id":"d"},{"record_id":"e","parameter_2":1,"parameter_1":"x"},{"parameter_1":"x","record_id":"f","parameter_2":1}]"#,
    br#"[{"record_id":"a","parameter_2":1,"parameter_1":"x"},{"record_id":"b","parameter_2":1,"parameter_1":"x"}, {"record_id": "c", "parameter_2": 1, "parameter_1": "x"}, {"record_id": "d", "parameter_2": 1, "parameter_1": "x"},{"record_id":"e","parameter_2":1,"parameter_1":"x"}]"#,
];

/// Characters beyond ASCII.
pub(crate) const SCRIPTS: Family = &[
    "[{\"record_id\":\"a\",\"parameter_1\":\"21 °C, £½\",\"parameter_2\":1},{\"record_id\":\"b\",\"parameter_1\":\"°\",\"parameter_2\":2},{\"record_id\":\"c\",\"parameter_1\":\"Zürich\",\"parameter_2\":3}]".as_bytes(),
    "[{\"record_id\":\"a\",\"parameter_1\":\"入札の時間\",\"parameter_2\":1},{\"record_id\":\"b\",\"parameter_1\":\"час поставки °\\u00b0°\",\"parameter_2\":2},{\"record_id\":\"c\",\"parameter_1\":\"😀\",\"parameter_2\":3}]".as_bytes(),
    "[{\"record_id\":\"a\",\"parameter_1\":\"\u{a0}\u{85}\u{2003}\u{3000}\",\"parameter_2\":1},{\"record_id\":\"é\",\"parameter_1\":\"ééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééé\",\"parameter_2\":2}]".as_bytes(),
];

pub(crate) const ALL: [Family; 5] = [ORDERS, ESCAPES, NUMBERS, LAYOUTS, SCRIPTS];

/// Calls `check` with a number of bodies of a family, each with up to six mutations.
pub(crate) fn for_each_body(family: Family, count: u32, seed: u64, mut check: impl FnMut(&[u8])) {
    let mut state = seed;
    let mut next = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    let mut body = family[0].to_vec();
    for round in 0..count {
        if round % 6 == 0 {
            body = family[next(family.len())].to_vec();
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
