namespace TenantIdP.Saml.Responses;

/// <summary>The rules of responses; those of signatures are <see cref="Signatures.SignatureChecks"/>.</summary>
public static class ResponseChecks
{
    private const string NotGenuine = "Start the sign-in again. If it happens again, look at what stands between the identity provider and this server.";
    private const string Clock = "Compare the clocks of the identity provider and of this server (NTP).";
    private const string Update = "Update the identity provider's SAML module.";

    public static readonly SamlRule Size = new("message_too_large", "ours", "Send fewer attributes: limit the groups that the identity provider sends to those that are needed.");
    public static readonly SamlRule Encoding = new("message_not_base64", "Bindings 3.5.4", NotGenuine);
    public static readonly SamlRule WellFormed = new("message_not_xml", "Bindings 3.5.4", NotGenuine);
    public static readonly SamlRule Unreadable = new("message_unreadable", "ours", "Report this trace to the operator of this server.");
    public static readonly SamlRule Root = new("root_not_response", "Core 3.2.2", "Set the assertion consumer address of this connection as the address for responses only.");
    public static readonly SamlRule Version = new("version", "Core 3.2.2", "Set the identity provider to SAML 2.0.");

    public static readonly SamlRule Status = new("status_success", "Core 3.2.2.2",
        "The identity provider refused the sign-in. Look into its own log; often the person is not assigned to this application there, or the request asks for what it can't do.");

    public static readonly SamlRule OneAssertion = new("one_assertion", "Profiles 4.1.4.2", "The response must hold one assertion. " + Update);
    public static readonly SamlRule Ids = new("ids_unique", "Core 1.3.4", "IDs in the message repeat or are not IDs. " + Update);
    public static readonly SamlRule SignaturePresent = new("signature_present", "Profiles 4.1.4.3", "Switch on signing of assertions (or responses) for this application at the identity provider.");
    public static readonly SamlRule EncryptionRequired = new("encryption_required", "ours", "Give the identity provider this connection's encryption certificate (it is in the metadata) and switch assertion encryption on.");
    public static readonly SamlRule Cipher = new("encryption_method", "XMLEnc 5", "Set the identity provider to AES-GCM with RSA-OAEP; for AES-CBC, allow it on this connection.");

    public static readonly SamlRule KeyTransport = new("key_transport", "XMLEnc 5.5.2",
        "Set the identity provider to RSA-OAEP with SHA-1 for both digest and MGF1 (rsa-oaep-mgf1p), or with SHA-256 for both; RSA-1.5 and a mixture of the two digests are not opened.");

    public static readonly SamlRule Decryption = new("decryption", "XMLEnc 4.4", "The assertion can't be opened. Give the identity provider this connection's present encryption certificate (it is in the metadata).");
    public static readonly SamlRule ResponseIssuer = new("issuer_response", "Profiles 4.1.4.2", "Compare the entity id of the identity provider with the one of this connection; import its metadata again.");
    public static readonly SamlRule AssertionIssuer = new("issuer_assertion", "Core 2.2.5", "Compare the entity id of the identity provider with the one of this connection; import its metadata again.");
    public static readonly SamlRule IssueInstant = new("issue_instant", "Core 2.3.3", Clock);
    public static readonly SamlRule Destination = new("destination", "Bindings 3.5.5.2", "Set the assertion consumer (reply, ACS) address at the identity provider to the one shown for this connection.");
    public static readonly SamlRule Unsolicited = new("in_response_to_missing", "Profiles 4.1.5", "Start at the application instead of the identity provider's tile, or allow sign-ins from the identity provider on this connection.");
    public static readonly SamlRule InResponseTo = new("in_response_to", "Profiles 4.1.4.3", NotGenuine);
    public static readonly SamlRule Confirmation = new("subject_confirmation", "Profiles 4.1.4.2", "The assertion needs a bearer confirmation for this connection's address. " + Update);
    public static readonly SamlRule Recipient = new("recipient", "Profiles 4.1.4.3", "Set the recipient (ACS) address at the identity provider to the one shown for this connection.");
    public static readonly SamlRule NotOnOrAfter = new("not_on_or_after", "Profiles 4.1.4.3", "The answer came too late. Start again; if it always happens: " + Clock);
    public static readonly SamlRule NotBefore = new("not_before", "Core 2.5.1.2", Clock);
    public static readonly SamlRule Conditions = new("conditions_understood", "Core 2.5.1", "The assertion has a condition that is not known here, or lacks its conditions. " + Update);
    public static readonly SamlRule Audience = new("audience", "Core 2.5.1.4", "Set the audience (entity id, identifier) at the identity provider to the one shown for this connection.");
    public static readonly SamlRule AuthnStatement = new("authn_statement", "Profiles 4.1.4.2", "The assertion must say when the person signed in. " + Update);
    public static readonly SamlRule SessionEnd = new("session_not_on_or_after", "Core 2.7.2", "The identity provider's session is over. Sign in there again.");
    public static readonly SamlRule NameId = new("name_id", "Core 2.2.3", "The name identifier is encrypted, repeated or too long. Send it in the clear inside the (encrypted) assertion.");
    public static readonly SamlRule Attributes = new("attributes", "Core 2.7.3", "Send fewer or shorter attributes.");

    public static readonly SamlRule EncryptedAttributes = new("encrypted_attributes", "Core 2.7.3.2",
        "Single encrypted attributes are not opened. Send them in the clear and switch on encryption of the whole assertion instead.");

    public static readonly SamlRule SessionIndex = new("session_index", "Core 2.7.2",
        "The session's name is too long to be remembered, so a single logout from the identity provider ends all sessions of the person or none. Shorten it there.");

    public static readonly SamlRule Fresh = new("authn_instant", "Core 3.4.1", "The application asked for a new sign-in, and the identity provider answered with an old one. Allow it to honour ForceAuthn.");
    public static readonly SamlRule Context = new("authn_context", "Core 3.3.2.2.1", "The person signed in by another method than the connection asks for.");
}
