//! Where the numbers of the line profiles are from, by the names that people look for.

/// National tones, as the ITU publishes them (also as the annex to ITU Operational Bulletin No. 781).
pub(super) const ITU_TONES: &str = "ITU-T E.180 Supplement 2";

/// The public table of national tones that ships with Asterisk.
pub(super) const ASTERISK_TONES: &str = "Asterisk indications.conf";

/// The public table of national tones and digit levels that ships with DAHDI.
pub(super) const DAHDI_TONES: &str = "DAHDI zonedata";

/// How a line interface is set up for each country in the drivers of DAHDI.
pub(super) const DAHDI_LINE: &str = "DAHDI fxo_modes";

/// What telephone adapters and Asterisk are told about caller ID in each country.
pub(super) const ASTERISK_CALLER_ID: &str = "Asterisk chan_dahdi.conf";

/// The book on signal processing in voice over IP, with its list of countries that send caller ID by DTMF.
pub(super) const DTMF_CALLER_ID: &str = "VoIP Voice and Fax Signal Processing";

/// Caller ID by V.23 or DTMF in Europe and elsewhere.
pub(super) const ETSI_CALLER_ID: &str = "ETSI EN 300 659-1";

/// Levels of DTMF in Europe.
pub(super) const ETSI_DTMF: &str = "ETSI ES 201 235-2";

/// Caller ID by Bell 202 in North America, and in the countries that public lists name as following it.
pub(super) const BELLCORE_CALLER_ID: &str = "GR-30-CORE";

/// The precise tone plan and the signals of lines in North America.
pub(super) const BELLCORE_SIGNALS: &str = "GR-506-CORE";

/// The ratios of pulse dialling that modems offer.
pub(super) const MODEM_PULSES: &str = "Modem command &P";

/// The national tones that mobile telephones play.
pub(super) const ANDROID_TONES: &str = "Android ToneGenerator";
