using TenantIdP.Demo.Pages;

namespace TenantIdP.Demo.Scim;

/// <summary>Acme's directory as a page of the demo map.</summary>
internal static class ScimSite
{
    public const string PagePath = "/scim";
    public const string PushPath = "/scim/push";
    public const string MapPath = "/scim/map";

    /// <param name="organizationId">Whose directory it is.</param>
    public static void AddScim(this WebApplicationBuilder builder, Uri issuer, string organizationId, ScimAccess access)
    {
        builder.Services.AddSingleton(access);
        builder.Services.AddSingleton(new HttpClient(new SocketsHttpHandler { UseProxy = false }) { Timeout = TimeSpan.FromSeconds(30) });
        builder.Services.AddSingleton<ScimClient>();
        builder.Services.AddSingleton(services => new GroupRole(services.GetRequiredService<HttpClient>(), issuer, organizationId, access));
        builder.Services.AddSingleton<ScimRuns>();
        builder.Services.AddSingleton<ScimPages>();
    }

    public static void MapScim(this WebApplication map)
    {
        map.MapGet(PagePath, static async (HttpContext context, string? dialect, ScimRuns runs, ScimPages pages, GroupRole role, CancellationToken ct) =>
        {
            // The page comes again by itself while something is sent, with scripts and without.
            var isBusy = runs.Latest is { IsDone: false };
            if (isBusy) context.Response.Headers["Refresh"] = "1";
            return pages.Show(ScimDialect.Find(dialect) ?? ScimDialect.All[0], isBusy ? null : await role.LookAsync(ct));
        });

        var forms = map.MapGroup(PagePath).AddEndpointFilter<SameOriginFilter>();
        forms.MapPost("/push", static (HttpRequest request, ScimRuns runs, CancellationToken ct) => TellAsync(request, runs.Push, ct));
        forms.MapPost("/map", MapAsync);
        forms.MapPost("/people/{key}/remove", static (HttpRequest request, string key, ScimRuns runs, CancellationToken ct) => TellAsync(request, key, runs.Remove, ct));
        forms.MapPost("/people/{key}/back", static (HttpRequest request, string key, ScimRuns runs, CancellationToken ct) => TellAsync(request, key, runs.BringBack, ct));
    }

    public static string Address(ScimDialect dialect) => $"{PagePath}?dialect={dialect.Key}";

    public static string RemovePath(SourcePerson person) => $"{PagePath}/people/{person.Key}/remove";

    public static string BackPath(SourcePerson person) => $"{PagePath}/people/{person.Key}/back";

    private static async Task<IResult> MapAsync(HttpRequest request, GroupRole role, CancellationToken ct)
    {
        if (await PostedForm.ReadAsync(request, ct) is not { } form || ScimDialect.Find(form["dialect"]) is not { } dialect) return Unexpected();
        if (await role.LookAsync(ct) is { GroupId: { } group, IsMapped: false }) await role.MapAsync(group, ct);
        return new SeeOther(Address(dialect));
    }

    private static IResult Unexpected() => TypedResults.Text(PostedForm.Expected, statusCode: StatusCodes.Status400BadRequest);

    private static async Task<IResult> TellAsync(HttpRequest request, string key, Action<ScimDialect, SourcePerson> tell, CancellationToken ct) =>
        SourceDirectory.People.FirstOrDefault(p => p.Key == key) is { } person
            ? await TellAsync(request, dialect => tell(dialect, person), ct)
            : TypedResults.NotFound();

    private static async Task<IResult> TellAsync(HttpRequest request, Action<ScimDialect> tell, CancellationToken ct)
    {
        if (await PostedForm.ReadAsync(request, ct) is not { } form || ScimDialect.Find(form["dialect"]) is not { } dialect) return Unexpected();
        tell(dialect);
        return new SeeOther(Address(dialect));
    }
}
