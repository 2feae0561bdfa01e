namespace TenantIdP.Scim.Schemas;

/// <summary>A schema (RFC 7643 7).</summary>
/// <param name="Id">Its URN.</param>
/// <param name="Name">For people.</param>
/// <param name="Attributes">Without the common ones (<c>id</c>, <c>externalId</c>, <c>meta</c>, <c>schemas</c>), which every resource has.</param>
public sealed record ScimSchema(string Id, string Name, string Description, IReadOnlyList<ScimAttribute> Attributes);
