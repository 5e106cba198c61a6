use super::*;

#[test]
fn matches_name_the_user_the_units_and_the_notices() {
    let request = LogRequest { units: vec!["a.service".to_owned(), "b.service".to_owned()], ..LogRequest::default() };
    assert_eq!(
        matches(1000, &request, "p").join(" "),
        "_SYSTEMD_OWNER_UID=1000 _SYSTEMD_USER_UNIT=a.service _SYSTEMD_USER_UNIT=b.service \
         + _UID=1000 _TRANSPORT=stdout SYSLOG_IDENTIFIER=a SYSLOG_IDENTIFIER=b \
         + _TRANSPORT=driver MESSAGE_ID=a596d6fe7bfa4994828e72309e95d61e \
         + _UID=1000 DILLINGER_LOG_PROBE=p"
    );
}

#[test]
fn starts() {
    assert_eq!(Start::Since(1_700_000_000_000_001).argument(), "--since=@1700000000.000001");
    assert_eq!(Start::At("s=1".to_owned()).argument(), "--cursor=s=1");
    assert_eq!(Start::After("s=1".to_owned()).argument(), "--after-cursor=s=1");
}
