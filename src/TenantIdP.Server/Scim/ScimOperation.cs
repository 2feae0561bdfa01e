namespace TenantIdP.Server.Scim;

/// <summary>What a request is called in the log and in measurements: words of two small sets, read from method and address.</summary>
/// <param name="Name"><c>create</c>, <c>get</c>, <c>list</c>, <c>search</c>, <c>replace</c>, <c>patch</c>, <c>delete</c>, <c>bulk</c> or <c>discover</c>.</param>
/// <param name="ResourceType"><c>User</c>, <c>Group</c>, <c>Bulk</c>, <c>Discovery</c> or <c>Me</c>; <c>Any</c> for a search over all.</param>
internal sealed record ScimOperation(string Name, string ResourceType)
{
    private const string Search = ".search";

    /// <summary>It changes nothing, so that only its refusal is written down.</summary>
    public bool IsRead => Name is "get" or "list" or "search" or "discover";

    /// <param name="rest">The path behind the directory.</param>
    public static ScimOperation Of(string method, PathString rest)
    {
        var parts = rest.Value?.Split('/', StringSplitOptions.RemoveEmptyEntries) ?? [];
        var type = parts.FirstOrDefault() switch { "Users" => "User", "Groups" => "Group", "Bulk" => "Bulk", "Me" => "Me", Search => "Any", _ => "Discovery" };
        if (type == "Bulk") return new("bulk", type);
        if (type == "Discovery") return new("discover", type);
        if (parts[^1] == Search) return new("search", type);
        var name = method switch
        {
            "POST" => "create",
            "PUT" => "replace",
            "PATCH" => "patch",
            "DELETE" => "delete",
            _ => parts.Length > 1 || type == "Me" ? "get" : "list",
        };
        return new(name, type);
    }

    /// <summary>The id that the address names, when it names one.</summary>
    public static string? ResourceIdOf(HttpContext context) => context.GetRouteValue("id") as string;
}
