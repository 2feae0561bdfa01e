using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;
using TenantIdP.Core.Directories;
using TenantIdP.Core.Kernel;
using TenantIdP.Server.Http;

namespace TenantIdP.Server.Management;

/// <summary>The OpenAPI document of the management API.</summary>
internal static class ManagementDocument
{
    internal const string Bearer = "bearer";
    internal const string Problem = "Problem";

    public static void AddManagementDocument(this IServiceCollection services) =>
        services.AddOpenApi("v1", options =>
        {
            options.ShouldInclude = description => description.RelativePath?.StartsWith("api/v1", StringComparison.Ordinal) == true;
            options.CreateSchemaReferenceId = Name;
            options.AddSchemaTransformer(DescribeIdsAsync);
            options.AddOperationTransformer(OperationConventions.DescribeAsync);
            options.AddDocumentTransformer(DescribeAsync);
        });

    private static string? Name(JsonTypeInfo json)
    {
        var type = Nullable.GetUnderlyingType(json.Type) ?? json.Type;
        if (!type.IsGenericType) return OpenApiOptions.CreateDefaultSchemaReferenceId(json);
        if (type.GetGenericTypeDefinition() == typeof(Patch<>)) return null;
        return type.GetGenericTypeDefinition() == typeof(Id<>) ? $"{type.GetGenericArguments()[0].Name}Id" : OpenApiOptions.CreateDefaultSchemaReferenceId(json);
    }

    private static Task DescribeAsync(OpenApiDocument document, OpenApiDocumentTransformerContext context, CancellationToken ct)
    {
        document.Info = new OpenApiInfo { Title = "TenantIdP management API", Version = "v1", Description = "Organizations, their members, roles, domains and connections; users, apps and APIs." };
        document.Components ??= new OpenApiComponents();
        document.Components.SecuritySchemes ??= new Dictionary<string, IOpenApiSecurityScheme>();
        document.Components.SecuritySchemes[Bearer] = new OpenApiSecurityScheme { Type = SecuritySchemeType.Http, Scheme = "bearer", BearerFormat = "JWT", Description = "An access token whose audience is this API." };
        document.Components.Schemas ??= new Dictionary<string, IOpenApiSchema>();
        document.Components.Schemas[Problem] = ProblemSchema();
        document.Security = [new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(Bearer, document)] = [] }];
        OperationConventions.AddComponents(document);
        SchemaExamples.AddTo(document);
        return Task.CompletedTask;
    }

    /// <summary>Ids are texts of a known form; a member of a merge patch is what it carries.</summary>
    private static async Task DescribeIdsAsync(OpenApiSchema schema, OpenApiSchemaTransformerContext context, CancellationToken ct)
    {
        var type = Nullable.GetUnderlyingType(context.JsonTypeInfo.Type) ?? context.JsonTypeInfo.Type;

        // Metadata and the data of events: always an object, whose members are nobody's business here.
        if (type == typeof(JsonElement)) schema.Type = JsonSchemaType.Object;
        if (type == typeof(Patch<JsonElement>)) schema.Type = JsonSchemaType.Object | JsonSchemaType.Null;
        // Its name is no person's.
        if (type == typeof(DirectoryAttribute) && JsonSerializer.SerializeToNode(new DirectoryAttribute("badge", CaseExact: true, Description: "The number on the door card."), context.JsonTypeInfo) is { } example) schema.Examples = [example];
        if (!type.IsGenericType || type == typeof(Patch<JsonElement>)) return;
        if (type.GetGenericTypeDefinition() == typeof(Id<>))
        {
            var prefix = (string)type.GetGenericArguments()[0].GetProperty(nameof(IHasIdPrefix.IdPrefix))!.GetValue(null)!; // every T of Id<T> has the static member
            schema.Type = type == context.JsonTypeInfo.Type ? JsonSchemaType.String : JsonSchemaType.String | JsonSchemaType.Null;
            schema.Pattern = $"^{prefix}_[0-7][0-9a-hjkmnp-tv-z]{{25}}$";
        }
        else if (type.GetGenericTypeDefinition() == typeof(Patch<>))
        {
            await CopyAsync(schema, context, type.GetGenericArguments()[0], ct);
        }
        else if (type.GetGenericTypeDefinition() == typeof(IReadOnlyList<>) && schema.Type is null)
        {
            schema.Type = JsonSchemaType.Array;
            schema.Items = await context.GetOrCreateSchemaAsync(type.GetGenericArguments()[0], null, ct);
        }
    }

    private static async Task CopyAsync(OpenApiSchema schema, OpenApiSchemaTransformerContext context, Type carried, CancellationToken ct)
    {
        var inner = await context.GetOrCreateSchemaAsync(carried, null, ct);
        var nullable = !carried.IsValueType || Nullable.GetUnderlyingType(carried) is not null;
        schema.Type = nullable ? inner.Type | JsonSchemaType.Null : inner.Type;
        (schema.Format, schema.Pattern, schema.Enum, schema.Items) = (inner.Format, inner.Pattern, inner.Enum, inner.Items);
        (schema.Properties, schema.Required) = (inner.Properties, inner.Required);
    }

    private static OpenApiSchema ProblemSchema()
    {
        static OpenApiSchema Text(string description) => new() { Type = JsonSchemaType.String, Description = description };
        return new OpenApiSchema
        {
            Type = JsonSchemaType.Object,
            Required = new HashSet<string> { "type", "title", "status", Problems.CodeMember, Problems.TraceMember },
            Properties = new Dictionary<string, IOpenApiSchema>
            {
                ["type"] = Text("Always about:blank; read `code`."),
                ["title"] = Text("The status in words."),
                ["status"] = new OpenApiSchema { Type = JsonSchemaType.Integer },
                ["detail"] = Text("For people: what to do next."),
                [Problems.CodeMember] = Text("Stable, snake_case."),
                [Problems.FieldMember] = Text("The member of the request that is at fault, where it is one."),
                [Problems.ExistingMember] = Text("With a conflict: the id of what is there already, for a caller who may read it."),
                [Problems.TraceMember] = Text("Quote it when you ask for help."),
                ["errors"] = new OpenApiSchema { Type = JsonSchemaType.Object, Description = "With `validation_failed`: messages by member." },
            },
        };
    }
}
