//! Projects, ghosts, services, what is shown of them, shipyards, and remembered answers.

use super::build::{configuration, service, view};
use super::lab::{Lab, at, check_pages, nanosecond};
use crate::ports::{Project, Retention, Service, ServiceView, Slice, Store};

type Make<'a> = &'a dyn Fn() -> Box<dyn Store>;

/// Bytewise is neither alphabetical nor by length.
const BYTEWISE: [&str; 7] = ["B", "Z-1", "a", "a-b", "ab", "b", "ä"];
const SHUFFLED: [&str; 7] = ["ab", "ä", "B", "b", "a-b", "Z-1", "a"];

/// What was added is found, in the transaction and afterwards, and nothing else is.
pub(super) fn a_project_is_found_under_its_name(make: Make<'_>) {
    let mut lab = Lab::new(make);
    assert_eq!(lab.reader.project("shop").unwrap(), None);
    let (shop, other) = lab.commit(|tx| {
        let shop = tx.add_project("shop", at(3), Some(&configuration("a"))).unwrap();
        let (name, retention) = ("shop".to_owned(), Retention::default());
        let expected =
            Project { id: shop.id, name, created: at(3), configuration: Some(configuration("a")), retention };
        assert_eq!(shop, expected);
        assert_eq!(tx.project("shop").unwrap(), Some(shop.clone()));
        assert_eq!(tx.project("Shop").unwrap(), None);
        (shop, tx.add_project("Shop", at(4), Some(&configuration("b"))).unwrap())
    });
    assert_ne!(shop.id, other.id);
    assert_eq!(lab.reader.project("shop").unwrap(), Some(shop));
    assert_eq!(lab.reader.project("Shop").unwrap(), Some(other));
    assert_eq!(lab.reader.project("sho").unwrap(), None);
}

/// A ghost has an id and a name, and stands in no list.
pub(super) fn a_ghost_is_found_but_not_listed(make: Make<'_>) {
    let mut lab = Lab::new(make);
    let ghost = lab.commit(|tx| tx.add_project("ghost", at(1), None).unwrap());
    assert_eq!(ghost.configuration, None);
    assert_eq!(lab.reader.project("ghost").unwrap(), Some(ghost.clone()));
    assert_eq!(lab.peek(|tx| tx.project("ghost").unwrap()), Some(ghost));
    lab.project("shop");
    check_pages(&["shop"], |project: &Project| project.name.clone(), |slice| lab.reader.projects(slice).unwrap());
}

/// Id, name and time of creation stay.
pub(super) fn a_configuration_is_replaced_and_makes_a_ghost_a_project(make: Make<'_>) {
    let mut lab = Lab::new(make);
    let ghost = lab.commit(|tx| tx.add_project("shop", at(1), None).unwrap());
    for name in ["a", "b"] {
        let project = lab.commit(|tx| {
            tx.configure_project(ghost.id, &configuration(name)).unwrap();
            tx.project("shop").unwrap().unwrap()
        });
        assert_eq!(project, Project { configuration: Some(configuration(name)), ..ghost.clone() });
        assert_eq!(lab.reader.projects(Slice::ALL).unwrap().items, [project]);
    }
}

/// Bytewise, in pages.
pub(super) fn projects_are_listed_by_name_bytewise(make: Make<'_>) {
    let mut lab = Lab::new(make);
    for name in SHUFFLED {
        lab.project(name);
    }
    check_pages(&BYTEWISE, |project: &Project| project.name.clone(), |slice| lab.reader.projects(slice).unwrap());
}

/// A service's name is unique within its project only.
pub(super) fn services_are_those_of_their_project(make: Make<'_>) {
    let mut lab = Lab::new(make);
    let (shop, bank) = (lab.project("shop"), lab.project("bank"));
    let late = at(2) + nanosecond();
    lab.commit(|tx| {
        tx.add_service(shop, &service("cart", at(2))).unwrap();
        tx.add_service(bank, &service("cart", late)).unwrap();
        tx.add_service(bank, &service("order", at(3))).unwrap();
        assert_eq!(tx.service(shop, "cart").unwrap(), Some(service("cart", at(2))));
        assert_eq!(tx.service(shop, "order").unwrap(), None);
    });
    assert_eq!(lab.reader.service(shop, "cart").unwrap(), Some(service("cart", at(2))));
    assert_eq!(lab.reader.service(bank, "cart").unwrap(), Some(service("cart", late)));
    assert_eq!(lab.reader.service(shop, "order").unwrap(), None);
    assert_eq!(lab.reader.services(shop, Slice::ALL).unwrap().items, [service("cart", at(2))]);
    assert_eq!(lab.reader.services(bank, Slice::ALL).unwrap().total, 2);
}

/// Bytewise, in pages.
pub(super) fn services_are_listed_by_name_bytewise(make: Make<'_>) {
    let mut lab = Lab::new(make);
    let (shop, bank) = (lab.project("shop"), lab.project("bank"));
    lab.commit(|tx| {
        for name in SHUFFLED {
            tx.add_service(shop, &service(name, at(2))).unwrap();
        }
        tx.add_service(bank, &service("aa", at(2))).unwrap();
    });
    let name = |service: &Service| service.name.clone();
    check_pages(&BYTEWISE, name, |slice| lab.reader.services(shop, slice).unwrap());
}

/// In every stage, but in no other project and of no other service.
pub(super) fn a_removed_service_takes_its_views_along(make: Make<'_>) {
    let mut lab = Lab::new(make);
    let (shop, bank) = (lab.project("shop"), lab.project("bank"));
    lab.commit(|tx| {
        for project in [shop, bank] {
            for name in ["cart", "order"] {
                tx.add_service(project, &service(name, at(2))).unwrap();
                tx.put_service_view(project, "dev", name, &view("e-1")).unwrap();
                tx.put_service_view(project, "prod", name, &view("e-2")).unwrap();
            }
        }
    });
    lab.commit(|tx| {
        tx.remove_service(shop, "cart").unwrap();
        assert_eq!(tx.service(shop, "cart").unwrap(), None);
        assert_eq!(tx.service_view(shop, "prod", "cart").unwrap(), ServiceView::default());
    });
    assert_eq!(lab.reader.services(shop, Slice::ALL).unwrap().items, [service("order", at(2))]);
    let left = [("dev", "e-1"), ("prod", "e-2")].map(|(stage, id)| (stage.to_owned(), "order".to_owned(), view(id)));
    assert_eq!(lab.reader.service_views(shop).unwrap(), left);
    assert_eq!(lab.reader.services(bank, Slice::ALL).unwrap().total, 2);
    assert_eq!(lab.reader.service_views(bank).unwrap().len(), 4);
    lab.commit(|tx| tx.add_service(shop, &service("cart", at(9))).unwrap());
    assert_eq!(lab.reader.service(shop, "cart").unwrap(), Some(service("cart", at(9))));
    assert_eq!(lab.reader.service_views(shop).unwrap(), left, "one that comes back shows nothing of what was");
}

/// A view is one of project, stage and service.
pub(super) fn views_are_empty_at_first_and_replaced(make: Make<'_>) {
    let mut lab = Lab::new(make);
    let (shop, bank) = (lab.project("shop"), lab.project("bank"));
    lab.commit(|tx| {
        assert_eq!(tx.service_view(shop, "dev", "cart").unwrap(), ServiceView::default());
        tx.put_service_view(shop, "dev", "cart", &view("e-1")).unwrap();
        tx.put_service_view(shop, "dev", "cart", &ServiceView { deployed_image: None, ..view("e-2") }).unwrap();
        assert_eq!(tx.service_view(shop, "dev", "cart").unwrap(), ServiceView { deployed_image: None, ..view("e-2") });
        assert_eq!(tx.service_view(shop, "prod", "cart").unwrap(), ServiceView::default());
        assert_eq!(tx.service_view(shop, "dev", "order").unwrap(), ServiceView::default());
        assert_eq!(tx.service_view(bank, "dev", "cart").unwrap(), ServiceView::default());
    });
    assert_eq!(lab.reader.service_views(shop).unwrap().len(), 1);
    assert_eq!(lab.reader.service_views(bank).unwrap(), []);
}

/// Bytewise in both.
pub(super) fn views_are_listed_by_stage_then_by_service(make: Make<'_>) {
    let mut lab = Lab::new(make);
    let shop = lab.project("shop");
    let places = [("b", "y"), ("a", "z"), ("B", "z"), ("a", "Z"), ("b", "x")];
    lab.commit(|tx| {
        for (stage, name) in places {
            tx.put_service_view(shop, stage, name, &view(&format!("{stage}{name}"))).unwrap();
        }
    });
    let expected = [("B", "z"), ("a", "Z"), ("a", "z"), ("b", "x"), ("b", "y")]
        .map(|(stage, name)| (stage.to_owned(), name.to_owned(), view(&format!("{stage}{name}"))));
    assert_eq!(lab.reader.service_views(shop).unwrap(), expected);
}

/// Whoever brings the same text again does no harm.
pub(super) fn a_shipyard_may_be_interned_twice(make: Make<'_>) {
    let mut lab = Lab::new(make);
    let text = "apiVersion: spec.keptn.sh/0.2.3\n# 'ä' \u{1f600} \0 %\r\n";
    lab.commit(|tx| {
        assert_eq!(tx.shipyard("h").unwrap(), None);
        tx.put_shipyard("h", text).unwrap();
        tx.put_shipyard("h", text).unwrap();
        tx.put_shipyard("empty", "").unwrap();
        assert_eq!(tx.shipyard("h").unwrap().as_deref(), Some(text));
    });
    lab.commit(|tx| tx.put_shipyard("h", text).unwrap());
    assert_eq!(lab.reader.shipyard("h").unwrap().as_deref(), Some(text));
    assert_eq!(lab.reader.shipyard("empty").unwrap().as_deref(), Some(""));
    assert_eq!(lab.reader.shipyard("H").unwrap(), None);
}

/// The last answer under a key counts, until it is removed when its time is past.
pub(super) fn answers_are_remembered_for_their_time(make: Make<'_>) {
    let mut lab = Lab::new(make);
    lab.commit(|tx| {
        assert_eq!(tx.answer("k").unwrap(), None);
        tx.remember("k", "one", at(10)).unwrap();
        assert_eq!(tx.answer("k").unwrap().as_deref(), Some("one"));
    });
    lab.purge(at(10) - nanosecond(), 9);
    lab.commit(|tx| {
        assert_eq!(tx.answer("k").unwrap().as_deref(), Some("one"));
        assert_eq!(tx.answer("K").unwrap(), None);
        tx.remember("k", "two", at(20)).unwrap();
        assert_eq!(tx.answer("k").unwrap().as_deref(), Some("two"), "a later answer takes the place");
    });
    lab.purge(at(15), 9);
    assert_eq!(lab.peek(|tx| tx.answer("k").unwrap()).as_deref(), Some("two"));
    lab.purge(at(20), 9);
    assert_eq!(lab.peek(|tx| tx.answer("k").unwrap()), None);
    lab.commit(|tx| tx.remember("k", "three", at(40)).unwrap());
    let later = lab.peek(|tx| tx.answer("k").unwrap());
    assert_eq!(later.as_deref(), Some("three"), "also after one that is gone");
}
