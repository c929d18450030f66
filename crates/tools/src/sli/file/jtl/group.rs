//! Samples that no filter can tell apart.

use std::collections::HashMap;

/// What filters look at. Many samples share one: their labels are kept once.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Group {
    label: u32,
    thread: u32,
    code: u32,
    success: bool,
    /// Whether the sample sums up those of a transaction controller.
    transaction: bool,
}

/// All groups of a file, by number.
#[derive(Debug, Default)]
pub(super) struct Groups {
    all: Vec<Group>,
    numbers: HashMap<Group, u32>,
    texts: Vec<Box<str>>,
    text_numbers: HashMap<Box<str>, u32>,
}

/// More groups or texts than have a number.
#[derive(Debug)]
pub(super) struct TooMany;

impl Groups {
    /// Number of the group with these labels.
    pub(super) fn number(
        &mut self,
        [label, thread, code]: [&str; 3],
        success: bool,
        transaction: bool,
    ) -> Result<u32, TooMany> {
        let [label, thread, code] = [self.text(label)?, self.text(thread)?, self.text(code)?];
        let group = Group { label, thread, code, success, transaction };
        if let Some(number) = self.numbers.get(&group) {
            return Ok(*number);
        }
        let number = u32::try_from(self.all.len()).map_err(|_| TooMany)?;
        self.all.push(group.clone());
        self.numbers.insert(group, number);
        Ok(number)
    }

    fn text(&mut self, text: &str) -> Result<u32, TooMany> {
        if let Some(number) = self.text_numbers.get(text) {
            return Ok(*number);
        }
        let number = u32::try_from(self.texts.len()).map_err(|_| TooMany)?;
        self.texts.push(text.into());
        self.text_numbers.insert(text.into(), number);
        Ok(number)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Group> {
        self.all.iter()
    }

    /// How many of the groups with these numbers are of samples that failed.
    pub(super) fn count_failed(&self, numbers: impl Iterator<Item = u32>) -> usize {
        numbers.filter(|number| self.all.get(*number as usize).is_some_and(|group| !group.success)).count()
    }

    /// What `group` has for a label of a filter; empty for one that does not exist.
    pub(super) fn value(&self, group: &Group, label: &str) -> &str {
        let truth = |value| if value { "true" } else { "false" };
        let text = |number: u32| self.texts.get(number as usize).map_or("", |text| text);
        match label {
            "label" => text(group.label),
            "thread" => text(group.thread),
            "code" => text(group.code),
            "success" => truth(group.success),
            "transaction" => truth(group.transaction),
            _ => "",
        }
    }
}
