//! Little-endian fields in payloads.

use super::MessageError;

/// Reads fields from the front of a payload.
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    fn array<const N: usize>(&mut self) -> Result<[u8; N], MessageError> {
        let (head, tail) = self.0.split_first_chunk::<N>().ok_or(MessageError::Short)?;
        self.0 = tail;
        Ok(*head)
    }

    pub(super) fn u8(&mut self) -> Result<u8, MessageError> {
        Ok(u8::from_le_bytes(self.array()?))
    }

    pub(super) fn i8(&mut self) -> Result<i8, MessageError> {
        Ok(i8::from_le_bytes(self.array()?))
    }

    pub(super) fn u16(&mut self) -> Result<u16, MessageError> {
        Ok(u16::from_le_bytes(self.array()?))
    }

    pub(super) fn u32(&mut self) -> Result<u32, MessageError> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    pub(super) fn i32(&mut self) -> Result<i32, MessageError> {
        Ok(i32::from_le_bytes(self.array()?))
    }

    /// 0 or 1.
    pub(super) fn flag(&mut self) -> Result<bool, MessageError> {
        match self.u8()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(MessageError::Value),
        }
    }

    /// A length byte and UTF-8.
    pub(super) fn text(&mut self) -> Result<String, MessageError> {
        let length = usize::from(self.u8()?);
        let (head, tail) = self.0.split_at_checked(length).ok_or(MessageError::Short)?;
        self.0 = tail;
        String::from_utf8(head.to_vec()).map_err(|_| MessageError::Value)
    }

    pub(super) fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.0)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Appends a length byte and as much of `text` as it can tell, cut between characters.
pub(super) fn put_text(payload: &mut Vec<u8>, text: &str) {
    let mut length = text.len().min(usize::from(u8::MAX));
    while !text.is_char_boundary(length) {
        length -= 1;
    }
    payload.push(u8::try_from(length).unwrap_or(u8::MAX));
    payload.extend_from_slice(&text.as_bytes()[..length]);
}
