using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;
using TenantIdP.Server.Http;

namespace TenantIdP.Server.Management;

/// <summary>Says of every operation what all of them have: who may call it, what it may answer, which headers it reads and writes.</summary>
internal static class OperationConventions
{
    private static readonly (string Name, JsonSchemaType Type, string Description)[] HeaderTexts =
    [
        ("RateLimit-Limit", JsonSchemaType.Integer, "Requests that this caller may send in a minute."),
        ("RateLimit-Remaining", JsonSchemaType.Integer, "How many of them are left."),
        ("RateLimit-Reset", JsonSchemaType.Integer, "Seconds until the next minute begins."),
        ("Retry-After", JsonSchemaType.Integer, "Seconds to wait before the next try."),
        ("ETag", JsonSchemaType.String, "The version that is answered, for `If-Match`."),
        ("Location", JsonSchemaType.String, "Where it is."),
        (Idempotency.ReplayedHeader, JsonSchemaType.String, "`true` when this is the answer of an earlier request with the same key."),
        ("WWW-Authenticate", JsonSchemaType.String, "`Bearer`, with the error when a token was sent (RFC 6750)."),
        ("Deprecation", JsonSchemaType.String, "Since when this operation is discouraged (RFC 9745)."),
        ("Sunset", JsonSchemaType.String, "When this operation ends (RFC 8594)."),
        ("Link", JsonSchemaType.String, "What to read about it."),
    ];

    private static readonly string[] OnEveryAnswer = ["RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"];

    private static readonly string[] OfDeprecated = ["Deprecation", "Sunset", "Link"];

    /// <summary>What the operations refer to.</summary>
    public static void AddComponents(OpenApiDocument document)
    {
        foreach (var (name, type, description) in HeaderTexts) document.AddComponent<IOpenApiHeader>(name, new OpenApiHeader { Description = description, Schema = new OpenApiSchema { Type = type } });
        foreach (var error in ErrorCatalogue.All.DistinctBy(e => (e.Code, e.Status))) document.AddComponent<IOpenApiExample>(ExampleName(error.Code, error.Status), Show(error));
    }

    private static OpenApiExample Show(CataloguedError error)
    {
        var value = new JsonObject { ["type"] = "about:blank", ["title"] = Problems.Known(error.Status).Title, ["status"] = error.Status, ["detail"] = error.Message, [Problems.CodeMember] = error.Code };
        if (error.Field is { } field) value[Problems.FieldMember] = field;
        value[Problems.TraceMember] = "4bf92f3577b34da6a3ce929d0e0e4736";
        return new OpenApiExample { Summary = error.Message, Value = value };
    }

    // What is not found may be refused as invalid where it was named in a body.
    private static IOpenApiExample ExampleOf(string code, int status, OpenApiDocument document) =>
        ErrorCatalogue.All.Any(e => e.Code == code && e.Status == status) ? new OpenApiExampleReference(ExampleName(code, status), document) : Show(ErrorCatalogue.All.First(e => e.Code == code) with { Status = status });

    public static Task DescribeAsync(OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken ct)
    {
        var metadata = context.Description.ActionDescriptor.EndpointMetadata;
        var document = context.Document!; // the operation is being added to it
        var (deprecation, access) = (metadata.OfType<Deprecation>().LastOrDefault(), metadata.OfType<AccessRequirement>().LastOrDefault() ?? AccessRequirement.Nobody);
        // Members of a query record come with their C# names; binding does not mind, readers do.
        foreach (var parameter in (operation.Parameters ?? []).OfType<OpenApiParameter>().Where(p => p.In == ParameterLocation.Query)) parameter.Name = JsonNamingPolicy.CamelCase.ConvertName(parameter.Name!); // each has one
        foreach (var sort in (operation.Parameters ?? []).OfType<OpenApiParameter>().Where(p => p.Name == Sorting.Parameter))
            sort.Schema = new OpenApiSchema { Type = JsonSchemaType.String, Enum = [.. Sorting.KeysOf(metadata).Texts.Select(text => (JsonNode)text)] };
        operation.Summary ??= Words(operation.OperationId ?? "");
        operation.Description ??= Describe(operation, access);
        operation.Deprecated = deprecation is not null;
        if (deprecation is not null) operation.Description += $" Ends on {deprecation.Sunset:yyyy-MM-dd}: see {deprecation.Link}.";
        operation.Security = [new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(ManagementDocument.Bearer, document)] = [] }];
        operation.Extensions ??= new Dictionary<string, IOpenApiExtension>();
        operation.Extensions["x-access"] = new JsonNodeExtension(access.Kind.ToString().ToLowerInvariant());
        if (access is { Kind: AccessKind.Organization, Permission: { } permission }) operation.Extensions["x-permission"] = new JsonNodeExtension(permission);
        operation.Responses ??= [];

        var posts = HttpMethods.IsPost(context.Description.HttpMethod ?? "");
        if (posts) AddKey(operation);
        if (operation.RequestBody?.Content is { } bodies && HttpMethods.IsPatch(context.Description.HttpMethod ?? "") && bodies.TryGetValue("application/json", out var json))
            bodies["application/merge-patch+json"] = new OpenApiMediaType { Schema = json.Schema };

        var every = deprecation is null ? OnEveryAnswer : [.. OnEveryAnswer, .. OfDeprecated];
        var versioned = context.Description.SupportedResponseTypes.Any(r => r.Type?.IsAssignableTo(typeof(IVersionedResponse)) == true);
        foreach (var (status, answer) in operation.Responses.ToList())
        {
            Say((OpenApiResponse)answer, document, every);
            if (versioned) Say((OpenApiResponse)answer, document, ["ETag"]);
            if (status == "201") Say((OpenApiResponse)answer, document, ["Location"]);
            if (posts) Say((OpenApiResponse)answer, document, [Idempotency.ReplayedHeader]);
        }

        foreach (var (status, codes) in OperationErrors.Of(operation, context)) operation.Responses[$"{status}"] = Problem(status, codes, document, posts ? [.. every, Idempotency.ReplayedHeader] : every);
        return Task.CompletedTask;
    }

    private static OpenApiResponse Problem(int status, IEnumerable<string> codes, OpenApiDocument document, IReadOnlyList<string> headers)
    {
        var known = codes.ToList();
        var answer = new OpenApiResponse
        {
            Description = $"{Problems.Known(status).Title}: {string.Join(", ", known.Select(code => $"`{code}`"))}.",
            Content = new Dictionary<string, OpenApiMediaType>
            {
                ["application/problem+json"] = new()
                {
                    Schema = new OpenApiSchema
                    {
                        AllOf =
                        [
                            new OpenApiSchemaReference(ManagementDocument.Problem, document),
                            new OpenApiSchema { Properties = new Dictionary<string, IOpenApiSchema> { [Problems.CodeMember] = new OpenApiSchema { Type = JsonSchemaType.String, Enum = [.. known.Select(code => (JsonNode)code)] } } },
                        ],
                    },
                    Examples = known.ToDictionary(code => code, code => ExampleOf(code, status, document)),
                },
            },
        };
        Say(answer, document, status >= 500 ? [] : headers);
        if (status is 409 or 429 or 503) Say(answer, document, ["Retry-After"]);
        if (status is 401 or 403) Say(answer, document, ["WWW-Authenticate"]);
        return answer;
    }

    /// <summary>A code that two capabilities answer with different statuses has an example of each.</summary>
    private static string ExampleName(string code, int status) => ErrorCatalogue.All.First(e => e.Code == code).Status == status ? code : $"{code}_{status}";

    private static void Say(OpenApiResponse answer, OpenApiDocument document, IEnumerable<string> headers)
    {
        answer.Headers ??= new Dictionary<string, IOpenApiHeader>();
        foreach (var name in headers) answer.Headers[name] = new OpenApiHeaderReference(name, document);
    }

    private static void AddKey(OpenApiOperation operation)
    {
        operation.Parameters ??= [];
        operation.Parameters.Add(new OpenApiParameter
        {
            Name = Idempotency.Header,
            In = ParameterLocation.Header,
            Description = "Names this request: repeated within 24 hours it runs once and is answered alike. 1 to 255 visible ASCII characters.",
            Schema = new OpenApiSchema { Type = JsonSchemaType.String, MinLength = 1, MaxLength = 255, Pattern = "^[!-~]+$" },
            Example = "5f0c2a7e-9d1b-4c8a-b1f7-2d6f3f1e8a90",
        });
    }

    private static string Describe(OpenApiOperation operation, AccessRequirement access)
    {
        var who = access.Kind switch
        {
            AccessKind.Instance => "For an operator's app (scope `management`).",
            AccessKind.Organization => $"For an operator's app (scope `management`), a member of the organization whose roles have the permission, or an app that the organization has granted it: `{access.Permission}`.",
            AccessKind.User => "For a person, about themselves, with any token that has the scope `openid`.",
        };
        var names = (operation.Parameters ?? []).Select(p => p.Name).ToHashSet(StringComparer.Ordinal);
        if (names.Contains(Paging.AfterParameter)) who += " Answers a page: pass its `next` as `after`, with the same filter, for the following one; `fields` may differ. Filters that are given must all hold.";
        if (names.Contains("If-Match")) who += " With `If-Match` it changes that version only.";
        return who;
    }

    /// <summary><c>ListConnectionKeys</c> is "List connection keys".</summary>
    private static string Words(string name)
    {
        var words = System.Text.RegularExpressions.Regex.Replace(name, "(?<=.)([A-Z])", " $1").ToLowerInvariant().Split(' ')
            .Select(word => word switch { "api" => "API", "apis" => "APIs", "saml" => "SAML", "id" => "ID", _ => word });
        var text = string.Join(' ', words);
        return text.Length == 0 ? text : char.ToUpperInvariant(text[0]) + text[1..];
    }
}
