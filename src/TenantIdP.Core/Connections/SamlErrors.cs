using TenantIdP.Core.Kernel;

namespace TenantIdP.Core.Connections;

public static class SamlErrors
{
    public static readonly Error EntityIdInvalid = Invalid("entity_id_invalid", "Give the identity provider's entity id exactly as it publishes it, at most 1024 characters.", "saml.entityId");
    public static readonly Error SsoUrlInvalid = Url("saml.ssoUrl");
    public static readonly Error SloUrlInvalid = Url("saml.sloUrl");
    public static readonly Error SloResponseUrlInvalid = Url("saml.sloResponseUrl");
    public static readonly Error MetadataUrlInvalid = Url("saml.metadataUrl");
    public static readonly Error Insecure = Invalid("url_insecure", "The identity provider's addresses must be https URLs.", "saml");
    public static readonly Error SpEntityIdInvalid = Invalid("sp_entity_id_invalid", "A service provider entity id has 1 to 1024 characters without spaces.", "saml.spEntityId");
    public static readonly Error EntityIdAliasInvalid = Invalid("entity_id_alias_invalid", "Give at most 20 different entity ids of 1 to 1024 characters without spaces.", "saml.entityIdAliases");
    public static readonly Error AcsAliasInvalid = Invalid("acs_alias_invalid", "Give at most 20 different URLs with a path, without query, at a host that this instance answers for (TenantIdP:Saml:AliasHosts).", "saml.acsAliases");
    public static readonly Error AcsAliasTaken = new(ErrorKind.Conflict, "acs_alias_taken", "Another connection has this address.", "saml.acsAliases");
    public static readonly Error AliasByOperator = new(ErrorKind.Forbidden, "operator_required", "Only an operator's app may set alias addresses and entity ids.", "saml");
    public static readonly Error PresetUnknown = Invalid("preset_unknown", $"The presets are {string.Join(", ", SamlPresets.All.Select(p => p.Id))}.", "saml.preset");
    public static readonly Error SubjectInvalid = Invalid("subject_invalid", "The subject is nameid, nameid_email or the name of an attribute that never changes for a person.", "saml.subject");
    public static readonly Error AttributeInvalid = Invalid("attribute_name_invalid", "An attribute name has 1 to 256 characters.", "saml.attributes");
    public static readonly Error NameIdFormatInvalid = Invalid("name_id_format_invalid", "A NameID format is a URN of at most 256 characters.", "saml.nameIdFormat");
    public static readonly Error NameIdTransient = Invalid("name_id_transient", "A transient NameID is another one at each sign-in: choose an attribute as the subject.", "saml.nameIdFormat");
    public static readonly Error ContextsInvalid = Invalid("requested_contexts_invalid", "Give at most 10 authentication contexts of 1 to 256 characters.", "saml.requestedContexts");
    public static readonly Error AppInvalid = Invalid("idp_initiated_app_invalid", "Give the client id of an app that has an initiateLoginUri.", "saml.idpInitiatedApp");
    public static readonly Error CertificateInvalid = Invalid("certificate_invalid", "Give X.509 certificates as PEM or base64, with an RSA key of 2048 bits or more or an ECDSA key of 256 bits or more.", "saml.certificates");
    public static readonly Error TooManyCertificates = Invalid("too_many_certificates", "A connection has at most 20 certificates.", "saml.certificates");
    public static readonly Error CertificateRequired = new(ErrorKind.Conflict, "certificate_required", "Add the certificate that the identity provider signs with.", "saml.certificates");
    public static readonly Error MetadataInvalid = Invalid("metadata_invalid", "This is no metadata of an identity provider.", "saml.metadataXml");
    public static readonly Error MetadataEntityUnknown = Invalid("metadata_entity_unknown", "The metadata does not say which identity provider is meant: give metadataEntityId.", "saml.metadataEntityId");
    public static readonly Error MetadataTwice = Invalid("metadata_twice", "Give metadataXml or metadataUrl, not both.", "saml.metadataXml");
    public static readonly Error MetadataUnreachable = new(ErrorKind.Conflict, "metadata_unreachable", "The metadata could not be fetched.", "saml.metadataUrl");
    public static readonly Error MetadataNone = new(ErrorKind.Conflict, "metadata_url_missing", "The connection has no metadata URL; paste the metadata anew instead.", "saml.metadataUrl");
    public static readonly Error MetadataEntityChanged = new(ErrorKind.Conflict, "metadata_entity_changed", "The metadata no longer describes this identity provider (entity id). Nothing was changed.", "saml.metadataUrl");
    public static readonly Error MetadataEndpointChanged = new(ErrorKind.Conflict, "metadata_endpoint_changed", "The metadata names another sign-in address. Check it with the identity provider and set saml.ssoUrl by hand. Nothing was changed.", "saml.metadataUrl");
    public static readonly Error MetadataTooSoon = new(ErrorKind.TooMany, "metadata_refresh_too_soon", "The metadata was read less than five minutes ago.");
    public static readonly Error AssertionReplayed = new(ErrorKind.Conflict, "assertion_replayed", "This answer was used before. Start again from the application.");
    public static readonly Error LogoutReplayed = new(ErrorKind.Conflict, "logout_replayed", "This sign-out was done before. Sign out again at your identity provider.");
    public static readonly Error LogoutRefused = new(ErrorKind.Invalid, "logout_refused", "The sign-out that your identity provider sent could not be used. You may still be signed in here: sign out here, too.");
    public static readonly Error LogoutAnswerRefused = new(ErrorKind.Invalid, "logout_answer_refused", "You are signed out here. What your identity provider answered could not be used: you may still be signed in there.");
    public static readonly Error KeyPending = new(ErrorKind.Conflict, "key_rotation_pending", "A new key is published already and takes over when its time comes.");

    private static Error Invalid(string code, string message, string field) => new(ErrorKind.Invalid, code, message, field);

    private static Error Url(string field) => Invalid("saml_url_invalid", "Give an absolute URL without fragment and user name, at most 1024 characters.", field);
}
