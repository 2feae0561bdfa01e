namespace TenantIdP.Core.Connections;

/// <summary>A value of the attribute (a group, a role name) and the key of the role it gives.</summary>
public sealed record SsoRoleRule(string Value, string Role);

/// <summary>
/// How a group or role attribute (claim) of the identity provider becomes roles with source <c>sso</c>: computed anew at each sign-in in which the attribute is present;
/// present and empty takes them all, absent changes nothing.
/// </summary>
public sealed record SsoRoles(string Attribute, IReadOnlyList<SsoRoleRule> Rules)
{
    private const int MaxRules = 100;

    // A caller's JSON may leave out either member.
    internal bool IsValid =>
        SamlRules.IsText(Attribute, SamlRules.MaxName) && Rules is { Count: <= MaxRules } && Rules.All(r => SamlRules.IsText(r.Value, SamlRules.MaxName) && !string.IsNullOrEmpty(r.Role)) && Rules.Distinct().Count() == Rules.Count;
}
