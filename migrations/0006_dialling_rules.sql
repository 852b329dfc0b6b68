-- Blocked prefixes are dialling rules now: what began with one of them was refused, and is refused by the rule that says so.
-- A + after the first place fitted no number, and no rule may have it.
UPDATE revisions
SET document = json_remove(
    json_set(
        document,
        '$.gateway.dial_rules',
        json((
            SELECT json_group_array('deny ' || prefix.value || '.')
            FROM json_each(revisions.document, '$.gateway.blocked_prefixes') AS prefix
            WHERE instr(substr(prefix.value, 2), '+') = 0
        ))
    ),
    '$.gateway.blocked_prefixes'
)
WHERE json_type(document, '$.gateway.blocked_prefixes') = 'array';
