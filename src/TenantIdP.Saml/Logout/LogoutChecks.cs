namespace TenantIdP.Saml.Logout;

/// <summary>The rules that logout messages are held to, besides those of signatures.</summary>
public static class LogoutChecks
{
    public static readonly SamlRule Carried = new("logout_carried", "Bindings 3.4.4", "The message did not arrive whole. Look for a proxy that edits or cuts addresses and forms.");
    public static readonly SamlRule Unreadable = new("logout_unreadable", "ours", "Report this trace to the operator of this server.");
    public static readonly SamlRule Message = new("logout_message", "Core 3.7",
        "The identity provider sent something else than the logout message that belongs here. Check the logout address that it has for us.");
    public static readonly SamlRule Signature = new("logout_signed", "Profiles 4.4.4.1", "Set the identity provider to sign its logout messages.");
    public static readonly SamlRule Issuer = new("logout_issuer", "Profiles 4.4.4.1",
        "The message is another identity provider's. Check the logout address that it has for us, and the entity ID here.");
    public static readonly SamlRule Destination = new("logout_destination", "Bindings 3.4.5.2",
        "The message is meant for another address. Give the identity provider the logout address of this connection.");
    public static readonly SamlRule IssueInstant = new("logout_issue_instant", "Core 3.2.1", "The message is too old, or the clocks differ. Set both clocks by NTP.");
    public static readonly SamlRule NotOnOrAfter = new("logout_not_on_or_after", "Core 3.7.1", "The request is past its end. Set both clocks by NTP, and sign out again.");
    public static readonly SamlRule NameId = new("logout_name_id", "Core 3.7.1", "The request must name the person in a NameID that is not encrypted.");
    public static readonly SamlRule Sessions = new("logout_sessions", "Core 3.7.1", "The request names more sessions than a person has, or one without a name.");
    public static readonly SamlRule InResponseTo = new("logout_in_response_to", "Core 3.2.2", "The response answers no request of ours. Sign out again.");
    public static readonly SamlRule Status = new("logout_status", "Core 3.2.2.2", "The response has no status. Update the identity provider's SAML module.");
}
